import { Link } from "@tanstack/react-router";
import { Page } from "./page.tsx";

export function NotFound() {
  return (
    <Page title="Nothing is at this address">
      <p>
        The link may be old, or what it led to has another name now. <Link to="/">Go to the road</Link>, or press{" "}
        <kbd>Ctrl</kbd> <kbd>K</kbd> to find it.
      </p>
    </Page>
  );
}
