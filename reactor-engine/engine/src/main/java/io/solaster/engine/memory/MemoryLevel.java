package io.solaster.engine.memory;

/** How much memory there is left, as {@link MemoryBudget} sees it. */
public enum MemoryLevel {
    /** Enough. */
    OK,
    /** Little: give back what is only kept for use again, and begin nothing large. */
    PRESSURE,
    /** None, or nearly: refuse what can be refused. */
    FULL
}
