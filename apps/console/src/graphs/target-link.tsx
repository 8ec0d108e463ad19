import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { api } from "../api.ts";
import type { GraphStep } from "./graph-layout.ts";

interface TargetLinkProps {
  readonly step: Pick<GraphStep, "to" | "target">;
  readonly children: ReactNode;
}

/** What a step goes to, as a link to its own page where it has one. */
export function TargetLink({ step: { to, target: name }, children }: TargetLinkProps) {
  const services = useQuery({ queryKey: ["services"], queryFn: () => api.listServices() });
  const applied = useQuery({ queryKey: ["applied-services"], queryFn: () => api.listAppliedServices() });
  const found = applied.data?.find((one) => one.name === name);
  if (to !== "model") return <>{children}</>;
  if (services.data?.some((service) => service.name === name) === true)
    return (
      <Link to="/services/$name" params={{ name }}>
        {children}
      </Link>
    );
  if (found?.kind === "InferenceGraph")
    return (
      <Link to="/services/graphs/$name" params={{ name }}>
        {children}
      </Link>
    );
  if (found !== undefined)
    return (
      <Link to="/services/models/$name" params={{ name }}>
        {children}
      </Link>
    );
  return <>{children}</>;
}
