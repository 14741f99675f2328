package io.solaster.operator.plan;

/** Whether a service fits. */
public enum Verdict {
    /** There certainly is room for all pods. */
    Feasible,
    /** There is no room for some. */
    Infeasible,
    /** It depends on what cannot be seen. */
    Unproven
}
