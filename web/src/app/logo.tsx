import type { ReactElement } from "react";

/** Two jacks and the cord between them. */
export function Logo(): ReactElement {
  return (
    <svg className="logo" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M6.5 7.5C6.5 16 17.5 8 17.5 16.5" />
      <circle cx="6.5" cy="6" r="3.2" />
      <circle cx="17.5" cy="18" r="3.2" />
    </svg>
  );
}
