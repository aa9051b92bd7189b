import { useEffect, useState } from "preact/hooks";

/** Where in the report the reader is; the address bar has it, so that a link leads there. */
export type Place =
  | { readonly page: "matrix" }
  | { readonly page: "cell"; readonly id: string; readonly trial?: number; readonly step?: number };

export function linkTo(place: Place): string {
  if (place.page === "matrix") return "#matrix";
  const { id, trial, step } = place;
  const parts = [encodeURIComponent(id), ...(trial === undefined ? [] : [`trial-${trial}`])];
  return `#cell/${parts.join("/")}${step === undefined ? "" : `/step-${step + 1}`}`;
}

function placeOf(hash: string): Place {
  const [page, id, ...rest] = hash.slice(1).split("/");
  if (page !== "cell" || id === undefined) return { page: "matrix" };
  const trial = numberIn(rest, /^trial-(\d+)$/);
  const step = numberIn(rest, /^step-(\d+)$/);
  return {
    page,
    id: decoded(id),
    ...(trial === undefined ? {} : { trial }),
    ...(step === undefined ? {} : { step: step - 1 }),
  };
}

function numberIn(parts: readonly string[], shape: RegExp): number | undefined {
  const found = parts.map((part) => shape.exec(part)?.[1]).find((one) => one !== undefined);
  return found === undefined ? undefined : Number(found);
}

/** A link that somebody cut may end within an escape. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const goTo = (place: Place): void => void (location.hash = linkTo(place));

export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const follow = (): void => setPlace(placeOf(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return place;
}
