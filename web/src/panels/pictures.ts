/** The pictures that jobs have made, newest first: what the server remembers, and what runs now. */

import { useCallback, useEffect, useState } from "react";

import { address, ApiError } from "../api/client.ts";
import { jobs } from "../api/routes.ts";
import type { Artifact, Job } from "../api/types.ts";
import { useQueue, useStudio } from "../studio/context.ts";

export interface Picture {
  readonly job: Job;
  readonly artifact: Artifact;
}

const PAGE = 30;
const TYPING = 250;

export interface Pictures {
  readonly jobs: readonly Job[];
  readonly loading: boolean;
  readonly more: (() => void) | null;
  readonly forget: (id: string) => void;
}

/** Jobs that match, with their pictures; follows the runs that the studio knows of. */
export function usePictures(search: string): Pictures {
  const { runs, notices } = useStudio();
  const queue = useQueue();
  const [found, setFound] = useState<readonly Job[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [loading, setLoading] = useState(true);
  const { endings } = runs;

  const load = useCallback(
    async (before: string | null, wanted: () => boolean): Promise<void> => {
      setLoading(true);
      try {
        const page = await jobs.list({ search, limit: PAGE, before: before ?? undefined });
        if (!wanted()) return;
        setFound((known) => merged(before === null ? [] : known, page.jobs));
        setNext(page.next);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (!error.offline) notices.tell("error", error.message);
      } finally {
        if (wanted()) setLoading(false);
      }
    },
    [search, notices],
  );

  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => void load(null, () => current), search === "" ? 0 : TYPING);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [load, search, endings]);

  const running = search === "" ? queue.running.flatMap((id) => runs.run(id)?.job ?? []) : [];
  const live = merged(running, found).map((job) => runs.run(job.id)?.job ?? job);
  return {
    jobs: live.filter((job) => job.outputs.some(isPicture) || canRetry(job)),
    loading,
    more: next === null ? null : () => void load(next, () => true),
    forget: (id) => setFound((known) => known.filter((job) => job.id !== id)),
  };
}

/** Whether a job ended without all that it was to make. */
export function canRetry({ state }: Job): boolean {
  return state === "failed" || state === "cancelled" || state === "interrupted";
}

export function isPicture(artifact: Artifact): boolean {
  return artifact.media_type?.startsWith("image/") ?? false;
}

export function picturesOf(list: readonly Job[]): readonly Picture[] {
  return list.flatMap((job) => job.outputs.filter(isPicture).map((artifact) => ({ job, artifact })));
}

/** The address of a picture, or of a small copy of it. */
export function pictureAddress({ sha256 }: Artifact, preview?: number): string {
  return address(`/files/${sha256}`, { preview });
}

function merged(first: readonly Job[], second: readonly Job[]): readonly Job[] {
  const known = new Set(first.map(({ id }) => id));
  return [...first, ...second.filter(({ id }) => !known.has(id))];
}
