// What the three benches of qio say, and where.

/** Paths of the application of ours. */
export const newsPath = '/bench/news';
export const echoPath = '/bench/echo';
/** The room of socket.io. */
export const room = 'news';

export interface News {
  readonly id: number;
  readonly from: string;
  readonly text: string;
}

/** 100 bytes of JSON. */
export const news: News = {
  id: 123_456,
  from: 'the other side of the board',
  text: 'hello all who are here, on this fine day',
};

/** Of a bare ws: as little as a question and its answer can be told apart with. */
export interface Frame {
  readonly id: number;
  readonly data: News;
}
