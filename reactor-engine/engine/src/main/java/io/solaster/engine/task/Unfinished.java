package io.solaster.engine.task;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Something under way on a shard for which nothing waits in a queue: a wait, or a stage that answers later. The shard
 * keeps a list of them, so that each is told when the shard ends. On the owning shard.
 */
@Internal
public abstract class Unfinished {
    private static final Logger log = LoggerFactory.getLogger(Unfinished.class);
    private @Nullable Unfinished previous;
    private @Nullable Unfinished next;
    private boolean listed;

    /** The shard ends, and nothing will come of it any more. It is off the list. */
    protected abstract void abandon(RejectedExecutionException why);

    /** What is under way on one shard, the latest first. */
    public static final class Register {
        private @Nullable Unfinished first;

        /** Adds one; a second time it changes nothing. */
        public void add(Unfinished one) {
            if (one.listed) {
                return;
            }
            one.listed = true;
            one.next = first;
            if (first != null) {
                first.previous = one;
            }
            first = one;
        }

        /** Takes one out; if it is not there, it changes nothing. */
        public void remove(Unfinished one) {
            if (!one.listed) {
                return;
            }
            one.listed = false;
            if (one.next != null) {
                one.next.previous = one.previous;
            }
            if (one.previous != null) {
                one.previous.next = one.next;
            } else {
                first = one.next;
            }
            one.next = null;
            one.previous = null;
        }

        /** Whether nothing is under way. */
        public boolean isEmpty() {
            return first == null;
        }

        /**
         * Abandons all that are there now; what they bring about may add others.
         *
         * @return whether there were any
         */
        public boolean abandonAll(RejectedExecutionException why) {
            List<Unfinished> all = new ArrayList<>();
            for (Unfinished each = first; each != null; each = each.next) {
                all.add(each);
            }
            for (Unfinished each : all) {
                if (each.listed) {
                    remove(each);
                    try {
                        each.abandon(why);
                    } catch (RuntimeException | Error failure) {
                        // Others wait to hear of their end.
                        log.error("{} threw when it was abandoned", each.getClass().getName(), failure);
                    }
                }
            }
            return !all.isEmpty();
        }
    }
}
