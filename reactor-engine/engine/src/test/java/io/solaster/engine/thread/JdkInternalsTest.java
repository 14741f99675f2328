package io.solaster.engine.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.ArrayDeque;
import java.util.Deque;

import org.junit.jupiter.api.Test;

/** What {@link JdkThreads} stands on in the JDK, one test each: on another JDK these say which of it is gone. */
class JdkInternalsTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();

    @Test
    void virtualThreadsTakeASchedulerOfOnesOwn() {
        boolean[] ran = {false};
        Thread thread = JdkThreads.unstarted(turns::add, "by a scheduler", () -> ran[0] = true);
        thread.start();
        assertThat(turns)
                .as("java.lang.ThreadBuilders$VirtualThreadBuilder(Executor) is gone, or ignores its scheduler")
                .hasSize(1);
        turns.remove().run();
        assertThat(ran[0]).isTrue();
        assertThat(thread.isVirtual()).isTrue();
    }

    @Test
    void aVirtualThreadKnowsItsCarrier() {
        Thread[] carrier = {null};
        JdkThreads.unstarted(turns::add, "carried", () -> carrier[0] = JdkThreads.carrier()).start();
        turns.remove().run();
        assertThat(carrier[0]).as("Thread.currentCarrierThread() is gone, or answers another thread")
                .isSameAs(Thread.currentThread());
    }

    @Test
    void aContinuationShowsItsThread() {
        Thread thread = JdkThreads.unstarted(turns::add, "shown", () -> {});
        thread.start();
        assertThat(JdkThreads.threadOf(turns.peek()))
                .as("what a scheduler is given has no field of its thread any more:"
                        + " reports of stalls do not name threads that forks have started")
                .isSameAs(thread);
        turns.remove().run();
    }

    @Test
    void thePollersOfBlockingSocketsAreWhereTheyAreMadeReady() {
        assertThatCode(() -> Class.forName("sun.nio.ch.Poller")).as("sun.nio.ch.Poller is gone: see that its successor"
                + " starts off the shards, or a fork polls for every socket of the process").doesNotThrowAnyException();
    }

    @Test
    void theTimersOfVirtualThreadsAreWhereTheyAreMadeReady() {
        assertThatCode(() -> Class.forName("java.lang.VirtualThread$DelayedTaskSchedulers"))
                .as("java.lang.VirtualThread$DelayedTaskSchedulers is gone: see that its successor starts off the shards")
                .doesNotThrowAnyException();
    }
}
