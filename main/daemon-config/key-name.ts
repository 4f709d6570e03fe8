// A place in a document as a person writes it: `log-opts.max-size`, `registry-mirrors[0]`. Pure.
export type ConfigPath = readonly (string | number)[];

export function keyName(path: ConfigPath): string {
  return path.reduce<string>((name, step) => (typeof step === 'number' ? `${name}[${step}]` : name === '' ? step : `${name}.${step}`), '');
}
