package io.solaster.store.shard;

import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * One entry of the table of commands: all that is known about a command. It drives arity checks, routing and
 * {@code COMMAND}.
 *
 * @param index its place in the table, for counting
 * @param name in lower case; of a subcommand with its container, such as {@code client|list}
 * @param arity how many arguments, name included; negative for "at least"
 * @param flags as Redis reports them
 * @param categories as Redis reports them
 * @param keys where its keys stand
 * @param route which shard runs it
 * @param spread what it does where its keys lie on several shards; null if they have to be on one
 * @param body what it does
 * @param doc what {@code COMMAND DOCS} says
 * @param subcommands by name in lower case; empty for most
 */
public record Command(int index, String name, int arity, Set<Flag> flags, Set<Category> categories, Keys keys,
        Route route, @Nullable Spread spread, Body body, Doc doc, Map<String, Command> subcommands) {

    /** Runs a command: reads its arguments from the call, touches the shard's keyspace, writes one reply. */
    @FunctionalInterface
    public interface Body {
        void run(CommandCall call);
    }

    /** Where a command runs. */
    public enum Route {
        /** On the client's own shard; it touches no key. */
        CONNECTION,
        /** On the shard that owns its keys; on several where they are spread. */
        KEYS,
        /** On every shard. */
        EVERY_SHARD,
        /** On the shard where the channel is at home that is its first argument; it touches no key. */
        CHANNEL
    }

    /** What Redis says of a command's nature, in its order. */
    public enum Flag {
        WRITE, READONLY, DENYOOM, ADMIN, PUBSUB, NOSCRIPT, BLOCKING, LOADING, STALE, SKIP_MONITOR, SKIP_SLOWLOG, FAST, NO_AUTH, NO_MANDATORY_KEYS, NO_ASYNC_LOADING, NO_MULTI, MOVABLEKEYS, ALLOW_BUSY
    }

    /** Redis's classes of commands, in its order. */
    public enum Category {
        KEYSPACE, READ, WRITE, SET, SORTEDSET, LIST, HASH, STRING, BITMAP, HYPERLOGLOG, GEO, STREAM, PUBSUB, ADMIN, FAST, SLOW, BLOCKING, DANGEROUS, CONNECTION, TRANSACTION, SCRIPTING
    }

    /** Finds keys that do not stand at the same places in each call: those that a number announces, or a word. */
    @FunctionalInterface
    public interface KeyFinder {
        /**
         * Finds the keys, in the order in which they stand; none where the arguments make no sense, for the command to say so.
         *
         * @param from which argument of the call is the command's name
         * @param count how many arguments there are from there on
         */
        void find(CommandCall call, int from, int count, KeyPositions found);
    }

    /**
     * Where the keys stand among the arguments: a function of them.
     *
     * @param first index of the first key; 0 for none that stands at the same place always
     * @param last index of the last; negative counts from the end
     * @param step from one key to the next
     * @param access what is done to them, in Redis's words: {@code RO}, {@code RW}, {@code OW} or {@code RM}, and more; one
     *        list for all of them, or one for each
     * @param finder finds them; null where the three numbers say all
     */
    public record Keys(int first, int last, int step, List<List<String>> access, @Nullable KeyFinder finder) {
        public static final Keys NONE = new Keys(0, 0, 0, List.of(), null);
        /** What is done to what only looks like keys. */
        private static final String NOT_KEYS = "not_key";

        /** Keys behind a number that says how many they are, such as those of {@code LMPOP}, whose first argument that is. */
        public static KeyFinder counted(int number) {
            return new Counted(0, number);
        }

        /** As {@link #counted}, with a key in front that is written to, such as that of {@code ZUNIONSTORE}. */
        public static KeyFinder targetAndCounted(int target, int number) {
            return new Counted(target, number);
        }

        /**
         * Keys behind a number that says how many they are.
         *
         * @param target the key in front that is written to; 0 for none
         * @param number the argument that says how many keys follow it
         */
        public record Counted(int target, int number) implements KeyFinder {
            @Override
            public void find(CommandCall call, int from, int count, KeyPositions found) {
                if (number < count && call.isInteger(from + number)) {
                    long keys = call.integer();
                    if (keys > 0 && keys <= count - number - 1) {
                        found.addRange(from + number + 1, (int) keys, 1);
                        if (target > 0) {
                            found.add(from + target);
                        }
                    }
                }
            }
        }

        /**
         * Keys that a function finds, of which more can be said than that.
         *
         * @param places for each kind of access where its keys stand: the index of an argument, a word and behind a blank the
         *        index from which on it may stand, and behind another one {@code half} where the keys are half of what
         *        follows; or nothing if that is not to be said
         */
        public record Shown(KeyFinder finder, List<String> places) implements KeyFinder {
            @Override
            public void find(CommandCall call, int from, int count, KeyPositions found) {
                finder.find(call, from, count, found);
            }
        }

        /** What is done to a key, by its number among them; where several kinds are shown, the last is to the last key. */
        public List<String> access(int key) {
            boolean last = key > 0 && finder instanceof Shown;
            return access.get(last ? access.size() - 1 : Math.min(key, access.size() - 1));
        }

        /** Whether they are named as keys are, and are none: channels of shards, say. */
        private boolean areNone() {
            return !access.isEmpty() && access.getFirst().getFirst().equals(NOT_KEYS);
        }

        /** Whether there are any. */
        public boolean isAny() {
            return (first > 0 || finder != null) && !areNone();
        }

        /** Whether each call has one key, at the same place. */
        public boolean isOne() {
            return first == last && finder == null;
        }

        /**
         * Finds the keys of a call.
         *
         * @param from which argument is the command's name
         */
        public void find(CommandCall call, int from, KeyPositions found) {
            found.clear();
            int count = call.count() - from;
            if (areNone()) {
                return;
            }
            if (finder != null) {
                finder.find(call, from, count, found);
            } else if (first > 0) {
                int end = last < 0 ? count + last : last;
                found.addRange(from + first, (end - first) / step + 1, step);
            }
        }

        /** Whether the keys, and what belongs to each, fill the rest of the call evenly. */
        public boolean isEven(int count) {
            return step <= 1 || last >= 0 || (count - first) % step == 0;
        }
    }

    /**
     * What {@code COMMAND DOCS} says.
     *
     * @param summary one sentence
     * @param since the version of Redis that had it first
     * @param group Redis's group, such as {@code string}
     * @param complexity such as {@code O(1)}
     * @param tips what Redis tells proxies
     * @param arguments what may stand behind the name
     */
    public record Doc(String summary, String since, String group, String complexity, List<String> tips,
            List<Argument> arguments) {}

    public boolean arityFits(int count) {
        return arity >= 0 ? count == arity : count >= -arity;
    }

    public boolean has(Flag flag) {
        return flags.contains(flag);
    }
}
