/** What the controller tells Prometheus, for the bench. */
import { get } from 'node:http';

/** By name with labels, as in the text. */
export async function readMetrics(port: number): Promise<ReadonlyMap<string, number>> {
  const body = await new Promise<string>((done, fail) => {
    get({ host: '127.0.0.1', port, path: '/metrics' }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString())).on('end', () => done(text));
    }).on('error', fail);
  });
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}
