package io.solaster.store.shard;

import java.util.List;
import java.util.Map;
import java.util.Set;

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
 * @param gather what becomes of the replies where several shards run it
 * @param body what it does
 * @param doc what {@code COMMAND DOCS} says
 * @param subcommands by name in lower case; empty for most
 */
public record Command(int index, String name, int arity, Set<Flag> flags, Set<Category> categories, Keys keys,
        Route route,
        Gather gather, Body body, Doc doc, Map<String, Command> subcommands) {

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
        EVERY_SHARD
    }

    /** What becomes of the replies where several shards run parts of a command. */
    public enum Gather {
        /** It cannot be split: its keys belong to one shard. */
        NONE,
        /** An array of one reply a key, in the order of the keys. */
        ARRAY,
        /** The sum of the replies, which are numbers. */
        SUM,
        /** {@code +OK} where all say so, else the first error. */
        OK
    }

    /** What Redis says of a command's nature, in its order. */
    public enum Flag {
        WRITE, READONLY, DENYOOM, ADMIN, NOSCRIPT, LOADING, STALE, FAST, NO_AUTH, ALLOW_BUSY
    }

    /** Redis's classes of commands, in its order. */
    public enum Category {
        KEYSPACE, READ, WRITE, SET, SORTEDSET, LIST, HASH, STRING, BITMAP, ADMIN, FAST, SLOW, DANGEROUS, CONNECTION
    }

    /**
     * Where the keys stand among the arguments.
     *
     * @param first index of the first key; 0 for none
     * @param last index of the last; negative counts from the end
     * @param step from one key to the next
     * @param access what is done to them, in Redis's words: {@code RO}, {@code RW}, {@code OW} or {@code RM}, and more
     */
    public record Keys(int first, int last, int step, List<String> access) {
        public static final Keys NONE = new Keys(0, 0, 0, List.of());

        /** How many keys a command of {@code count} arguments has. */
        public int count(int count) {
            return first == 0 ? 0 : (end(count) - first) / step + 1;
        }

        /** Index of the last key of a command of {@code count} arguments. */
        public int end(int count) {
            return last < 0 ? count + last : last;
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
