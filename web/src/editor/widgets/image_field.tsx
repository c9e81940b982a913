import { useRef } from "react";
import type { ReactElement } from "react";

import { t } from "../../strings/index.ts";
import { Icon } from "../icon.tsx";
import { ChoiceField } from "./choice_field.tsx";
import type { ChoiceFieldProps } from "./choice_field.tsx";

export interface ImageFieldProps extends ChoiceFieldProps {
  readonly onUpload: (file: File) => void;
  readonly onPaint: () => void;
}

/** A picture of the input folder: chosen from it with thumbnails, or put into it. Drops and pastes arrive at the node. */
export function ImageField({ onUpload, onPaint, ...choice }: ImageFieldProps): ReactElement {
  const input = useRef<HTMLInputElement>(null);
  return (
    <ChoiceField {...choice}>
      {choice.value !== null && choice.value !== "" && (
        <button type="button" title={t("image.mask")} aria-label={t("image.mask")} onClick={onPaint}>
          <Icon name="brush" />
        </button>
      )}
      <button
        type="button"
        title={t("image.upload")}
        aria-label={t("image.upload")}
        onClick={() => input.current?.click()}
      >
        <Icon name="upload" />
      </button>
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          if (file !== undefined) onUpload(file);
          event.target.value = ""; // the same file may be chosen again
        }}
      />
    </ChoiceField>
  );
}
