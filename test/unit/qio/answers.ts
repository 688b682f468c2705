// Callbacks, as a server says them.

export const ok = (id: number | bigint, data = 'null'): string => `/qio/callback/${id}:0={"code":200,"data":${data}}`;

export const no = (id: number | bigint, code: number, reason: string | null = null): string =>
  `/qio/callback/${id}:0={"code":${code},"data":null,"err_msg":${JSON.stringify(reason)}}`;
