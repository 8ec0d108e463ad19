import { Link } from "@tanstack/react-router";

/** Says of a page that it shows a branch rather than main. */
export function OnBranch({ branch }: { readonly branch: string | undefined }) {
  if (branch === undefined) return null;
  return (
    <p className="notice" role="status">
      As it is on the branch{" "}
      <Link to="/branches/$name" params={{ name: branch }}>
        {branch}
      </Link>
      , not on main.{" "}
      <Link to="." search={{}}>
        Show main
      </Link>
    </p>
  );
}
