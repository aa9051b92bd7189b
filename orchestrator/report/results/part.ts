/** One part of the page, with the figures that it shows. */
export interface Part {
  readonly text: string;
  readonly figures?: readonly (readonly [name: string, svg: string])[];
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export function figure(name: string, about: string): string {
  return `![${about}](results/${name}.svg)`;
}
