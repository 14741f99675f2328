package io.solaster.engine;

import java.util.concurrent.atomic.AtomicBoolean;

import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.GroupTask;
import io.solaster.engine.task.SchedulingGroup;

/** Tasks on their way to a shard, as they lie in its inbox. Any thread makes them; the shard runs them or abandons them. */
final class HandedOver {

    private HandedOver() {}

    /** A task from another thread that does not know its group. */
    record Named(SchedulingGroup group, Runnable task) implements GroupTask, Abandonable {

        @Override
        public void run() {
            task.run();
        }

        @Override
        public void abandon() {
            if (task instanceof Abandonable abandonable) {
                abandonable.abandon();
            }
        }
    }

    /** A task that goes to a group. */
    record InGroup(SchedulingGroup group, Runnable task, Runnable otherwise)
            implements
                GroupTask,
                Abandonable {

        @Override
        public void run() {
            task.run();
        }

        @Override
        public void abandon() {
            otherwise.run();
        }
    }

    /** What somebody waits for at home: told even where the shard ends before its turn. */
    record Homecoming(Runnable completion) implements Abandonable {

        @Override
        public void run() {
            completion.run();
        }

        @Override
        public void abandon() {
            completion.run();
        }
    }

    /** A task for the group that is running. */
    record OrElse(Runnable task, Runnable otherwise) implements Abandonable {

        @Override
        public void run() {
            task.run();
        }

        @Override
        public void abandon() {
            otherwise.run();
        }
    }

    /** Word of the end of something, given once, by whichever way comes first. */
    static final class Ending implements Abandonable {
        private final Abandonable ended;
        private final AtomicBoolean told = new AtomicBoolean();

        Ending(Abandonable ended) {
            this.ended = ended;
        }

        @Override
        public void run() {
            if (told.compareAndSet(false, true)) {
                ended.abandon();
            }
        }

        @Override
        public void abandon() {
            run();
        }
    }
}
