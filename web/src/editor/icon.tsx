import type { ReactElement } from "react";

/** Strokes in a box of 16 × 16. */
const ICONS = {
  die: "M3 2.5h10a.5.5 0 0 1 .5.5v10a.5.5 0 0 1-.5.5H3a.5.5 0 0 1-.5-.5V3a.5.5 0 0 1 .5-.5zM5.7 5.7v.01M10.3 10.3v.01M10.3 5.7v.01M5.7 10.3v.01M8 8v.01",
  history: "M2.5 8a5.5 5.5 0 1 0 1.7-4M2.5 2.5V5h2.5M8 5v3l2 1.5",
  fixed: "M4 7.5h8v6H4zM5.5 7.5V5.5a2.5 2.5 0 0 1 5 0v2",
  increment: "M8 13V3M4 7l4-4l4 4",
  decrement: "M8 3v10M4 9l4 4l4-4",
  randomize: "M2 4.5h2.5l6 7H14M2 11.5h2.5l1.8-2M9 6.5l1.5-2H14M12 2.5l2 2l-2 2M12 9.5l2 2l-2 2",
  chevron: "M4.5 6.5L8 10l3.5-3.5",
  right: "M6.5 4.5L10 8l-3.5 3.5",
  upload: "M8 10.5V2.5M5 5.5l3-3l3 3M2.5 10.5v3h11v-3",
  mask: "M10.5 2.5l3 3L6 13H3v-3zM8.5 4.5l3 3",
  warning: "M8 2L14.5 13.5h-13zM8 6.5v3.5M8 11.8v.01",
  error: "M8 1.8a6.2 6.2 0 1 1 0 12.4a6.2 6.2 0 1 1 0-12.4zM8 5v3.5M8 10.8v.01",
  check: "M3 8.5l3.5 3.5L13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9zM10.3 10.3L14 14",
  subgraph: "M2.5 2.5h4v4h-4zM9.5 9.5h4v4h-4zM6.5 4.5h4a1 1 0 0 1 1 1v4",
  mute: "M8 1.8a6.2 6.2 0 1 1 0 12.4a6.2 6.2 0 1 1 0-12.4zM3.7 3.7l8.6 8.6",
  bypass: "M1.5 10.5h2c0-6 9-6 9 0M10 8l2.5 2.5L15 8M6.5 11.5h3",
  collapse: "M4.5 10L8 6.5L11.5 10",
  brush: "M13.5 2.5L7 9M5.5 9.5a2 2 0 0 1 1.5 3.5c-1 .8-3 .7-4.5.5c1-1 .6-1.7 1-2.7a2 2 0 0 1 2-1.3z",
  eraser: "M6 13.5h7.5M9.5 3l4 4l-6.5 6.5H5L2.5 11z",
  invert: "M8 1.8a6.2 6.2 0 1 1 0 12.4a6.2 6.2 0 1 1 0-12.4zM8 2v12M10 3.5v9M12 5.5v5",
  undo: "M5 3L2 6l3 3M2 6h7a4 4 0 0 1 0 8H6",
  redo: "M11 3l3 3l-3 3M14 6H7a4 4 0 0 0 0 8h3",
  picture: "M2.5 3h11v10h-11zM2.5 11l3.5-3.5l3 3l1.5-1.5l3 3M10.5 6v.01",
  clock: "M8 1.8a6.2 6.2 0 1 1 0 12.4a6.2 6.2 0 1 1 0-12.4zM8 4.5V8l2.5 1.5",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3",
  map: "M2.5 3.5l3.5-1l4 1l3.5-1v10l-3.5 1l-4-1l-3.5 1zM6 2.5v10M10 3.5v10",
  port: "M2 8h7M6 5l3 3l-3 3M9.5 2.5h4v11h-4",
  play: "M5 3l8 5l-8 5z",
  stop: "M4 4h8v8H4z",
  pause: "M5.5 3v10M10.5 3v10",
  queue: "M2.5 3.5h11M2.5 8h11M2.5 12.5h6.5",
  gallery: "M2.5 2.5h4.5v4.5h-4.5zM9 2.5h4.5v4.5h-4.5zM2.5 9h4.5v4.5h-4.5zM9 9h4.5v4.5h-4.5z",
  templates: "M5 4.5h8.5v9H5zM2.5 11.5v-9h8",
  models: "M8 1.8l5.5 3v6.4l-5.5 3l-5.5-3V4.8zM2.5 4.8L8 8l5.5-3.2M8 8v6.2",
  settings: "M2 4.5h7M12 4.5h2M10.5 3v3M2 11.5h2M7 11.5h7M5.5 10v3",
  help: "M8 1.8a6.2 6.2 0 1 1 0 12.4a6.2 6.2 0 1 1 0-12.4zM6 6.2a2 2 0 1 1 2.8 1.9c-.6.3-.8.6-.8 1.3M8 11.6v.01",
  info: "M8 1.8a6.2 6.2 0 1 1 0 12.4a6.2 6.2 0 1 1 0-12.4zM8 7.2v4M8 4.8v.01",
  save: "M2.5 2.5h8.5l2.5 2.5v8.5h-11zM5 2.5v3.5h5v-3.5M5 13.5v-4h6v4",
  open: "M2 13V3.5h4l1.5 1.5H13v2M2 13l2-6h10.5l-2 6z",
  download: "M8 2.5v8M5 7.5l3 3l3-3M2.5 10.5v3h11v-3",
  trash: "M2.5 4h11M6 4V2.5h4V4M4 4l.7 9.5h6.6L12 4M6.7 6.5v4.5M9.3 6.5v4.5",
  compare: "M8 1.5v13M2.5 3.5h3v9h-3M10.5 3.5h3v9h-3",
  form: "M2.5 2.5h11v11h-11zM5 5.5h6M5 8h6M5 10.5h3.5",
  graph: "M1.5 3h4.5v4H1.5zM10 9h4.5v4H10zM6 5h1.5a1 1 0 0 1 1 1v4a1 1 0 0 0 1 1H10",
  front: "M3 2.5h10M8 13.5V6M5 8.5L8 5.5l3 3",
  retry: "M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 2.5V5H11",
  more: "M3.5 8v.01M8 8v.01M12.5 8v.01",
  keyboard: "M1.5 4h13v8h-13zM4 6.5v.01M6.7 6.5v.01M9.3 6.5v.01M12 6.5v.01M5 9.5h6",
  grip: "M6 4v.01M10 4v.01M6 8v.01M10 8v.01M6 12v.01M10 12v.01",
} as const;

export type IconName = keyof typeof ICONS;

/** A small drawing beside or instead of words; who uses it gives the name that is read out. */
export function Icon({ name }: { readonly name: IconName }): ReactElement {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={ICONS[name]} />
    </svg>
  );
}
