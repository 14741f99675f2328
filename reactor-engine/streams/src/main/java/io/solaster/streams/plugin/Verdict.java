package io.solaster.streams.plugin;

/** What becomes of a message. */
public enum Verdict {
    /** The message goes on as it is. */
    CONTINUE,
    /** The message goes nowhere, and nobody is told. */
    DROP,
    /** The message goes on with another value: {@link MessageView#replace}. */
    REPLACE,
    /** The message goes to another topic in place of this one: {@link MessageView#route}. */
    ROUTE
}
