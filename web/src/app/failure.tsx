import { Component, type ReactNode } from "react";

import { t } from "../strings/index.ts";

/** Where a part of the page breaks, says so and offers to show it again; the documents are in the studio, not in it. */
export class FailureBoundary extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override readonly state = { failed: false };

  static getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="failure" role="alert">
        <p>{t("failure.text")}</p>
        <button type="button" className="button" onClick={() => this.setState({ failed: false })}>
          {t("failure.again")}
        </button>
      </div>
    );
  }
}
