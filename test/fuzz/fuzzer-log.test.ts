import { readFuzzerLog } from './fuzzer-log';

const running = `INFO: found LLVMFuzzerCustomMutator (0x5577). Disabling -len_control by default.
INFO: Running with entropic power schedule (0xFF, 100).
INFO: Loaded 1 modules   (1208 inline 8-bit counters): 1208 [0x5577, 0x5588),
#440	INITED cov: 406 ft: 1250 corp: 259/589Kb exec/s: 0 rss: 45Mb
#441	NEW    cov: 407 ft: 1251 corp: 260/589Kb lim: 16384 exec/s: 0 rss: 45Mb L: 16320/16320 MS: 1 Custom-
`;

test('a running fuzzer tells its executions and the edges it reached', () => {
  expect(readFuzzerLog(running)).toEqual({ executions: 441, coveredEdges: 407, allEdges: 1208 });
});

test('a fuzzer that came to its end tells all its executions', () => {
  const ended = `${running}Done 5000 runs in 2 second(s)\nstat::number_of_executed_units: 5000\n`;
  expect(readFuzzerLog(ended)).toMatchObject({ executions: 5000, coveredEdges: 407 });
});

test('a fuzzer that failed names the file of the input', () => {
  const failed = `${running}==7== ERROR: libFuzzer: deadly signal
artifact_prefix='/x/'; Test unit written to /x/crash-0123
Base64: AAAA
`;
  expect(readFuzzerLog(failed)).toMatchObject({ executions: 441, crashFile: '/x/crash-0123' });
});

test('of a fuzzer that said nothing nothing is known', () => {
  expect(readFuzzerLog('')).toEqual({ executions: 0, coveredEdges: 0, allEdges: 0 });
});
