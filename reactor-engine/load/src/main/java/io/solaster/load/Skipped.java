package io.solaster.load;

import org.opentest4j.TestAbortedException;

/** What JUnit takes for a test that is skipped. Apart, since what it is written in is there only where JUnit is. */
final class Skipped {
    private Skipped() {}

    static RuntimeException because(String why) {
        return new TestAbortedException(why);
    }
}
