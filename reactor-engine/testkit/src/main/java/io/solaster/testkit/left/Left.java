package io.solaster.testkit.left;

import java.util.EnumSet;
import java.util.Set;

/** Kinds of what a test can leave behind. */
public enum Left {
    /** Virtual threads of shards that have not ended. */
    FORKS("fork"),
    /** Calls of {@link io.solaster.engine.Offload} that have not ended. */
    CALLS("call off the shards"),
    /** Timers of shards that are armed. */
    TIMERS("timer"),
    /** Netty's buffers that nobody has released and nobody holds. */
    BUFFERS("buffer"),
    /** Sockets that are open, by the kernel's tables. */
    SOCKETS("socket"),
    /** Other file descriptors that are open. */
    DESCRIPTORS("descriptor"),
    /** Platform threads that run. */
    THREADS("thread");

    /** What the process as a whole has, whoever made it. */
    static final Set<Left> OF_PROCESS = EnumSet.of(BUFFERS, SOCKETS, DESCRIPTORS, THREADS);

    private final String word;

    Left(String word) {
        this.word = word;
    }

    /** One of the kind, in words. */
    @Override
    public String toString() {
        return word;
    }
}
