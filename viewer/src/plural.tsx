/** `1 cell`, `2 cells` */
export function Plural({ count, one }: { readonly count: number; readonly one: string }) {
  return (
    <>
      {count} {count === 1 ? one : `${one}s`}
    </>
  );
}
