package io.solaster.operator.plan;

/** Whether a service fits. */
public enum Verdict {
    /** All pods are let in wherever the scheduler may put the others. */
    Feasible,
    /** Some pods find no room. */
    Infeasible,
    /** It depends on what cannot be seen. */
    Unproven
}
