import { Service } from 'ed-communicator/service';

const visits = new Map<string, number>();

const service = new Service('greeter', { version: '1.0.0' })
  .on('GREET', (message, broker) => {
    const name = message.string('name');
    visits.set(name, (visits.get(name) ?? 0) + 1);
    broker.send(message.reply('WELCOME', { text: `Hello ${name}`, visits: visits.get(name) }));
  })
  .on('FORGET', message => visits.delete(message.string('name')));

await service.run(); // until STOP, SIGTERM or SIGINT
