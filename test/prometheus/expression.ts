/** Which metrics and labels an expression of Prometheus speaks of: as much of the language as our own expressions use. */

export interface MetricUse {
  readonly metric: string;
  readonly labels: readonly string[];
}

const SELECTOR = /([a-zA-Z_:][\w:]*)(?:\{([^}]*)\})?(?:\[[^\]]*\])?/g;
const GROUPING = /\b(?:by|on|without|ignoring|group_left)\s*\(([^)]*)\)/g;
const OURS = /nsgate_|^process_|^nodejs_|^up$/;

/** Labels by which is grouped must be of every metric of the expression, or of those that Prometheus itself gives. */
export function metricUses(expression: string): MetricUse[] {
  const grouped = [...expression.matchAll(GROUPING)].flatMap(([, names = '']) => words(names));
  const bare = expression.replace(GROUPING, ' ');
  return [...bare.matchAll(SELECTOR)].flatMap(([, metric = '', matchers = '']) => {
    if (!OURS.test(metric)) return [];
    const matched = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
    return [{ metric, labels: [...matched, ...grouped] }];
  });
}

function words(text: string): string[] {
  return text.split(',').flatMap((word) => word.trim() || []);
}
