package io.solaster.testkit.chaos;

/** Which way bytes go. */
public enum Direction {
    /** What clients send. */
    TO_SERVER,
    /** What the server sends. */
    TO_CLIENT
}
