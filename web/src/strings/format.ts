/** Numbers, sizes and times as the reader's language writes them. */

import { language, t } from "./index.ts";

/** 0.4 → "0.4 s", 75 → "1:15", 4000 → "1:06:40". */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return t("format.seconds", { number: seconds < 10 ? decimals(seconds, 1) : decimals(seconds, 0) });
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Bytes in decimal units: 2_130_000_000 → "2.1 GB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${decimals(bytes / 1000 ** step, step > 2 ? 1 : 0)} ${units[step]}`;
}

/** A moment given in seconds since 1970, today without its date. */
export function formatMoment(seconds: number): string {
  const moment = new Date(seconds * 1000);
  const today = moment.toDateString() === new Date().toDateString();
  const style: Intl.DateTimeFormatOptions = today
    ? { hour: "2-digit", minute: "2-digit" }
    : { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(language(), style).format(moment);
}

function decimals(value: number, digits: number): string {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits, useGrouping: false }).format(value);
}
