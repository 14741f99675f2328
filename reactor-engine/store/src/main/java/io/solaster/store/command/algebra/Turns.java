package io.solaster.store.command.algebra;

/** Whether to leave off. */
public final class Turns {
    private Turns() {}

    /** For commands that are done within one turn. */
    public static boolean never() {
        return false;
    }
}
