package io.solaster.pool.resp;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

import io.netty.buffer.ByteBuf;
import io.solaster.pool.Outcome;
import io.solaster.pool.request.Attempt;
import io.solaster.pool.request.Request;
import io.solaster.resp.Reply;
import io.solaster.resp.RequestWriter;
import org.jspecify.annotations.Nullable;

/**
 * A command, and how its reply is read. Immutable, but for the arrays that it is made of, which must not change until it
 * is answered; any thread.
 *
 * @param <R> what its reply is read as
 */
public abstract class RespCommand<R extends @Nullable Object> implements Request<RespConnection, R> {
    /** Replies that it brings. */
    final int replies;
    /** Whether it is answered with all of them, in a list; else with the last one. */
    final boolean keepsReplies;
    /** Whether it brings one reply and is answered with that. */
    final boolean isPlain;
    private final boolean idempotent;

    RespCommand(boolean idempotent) {
        this(1, false, idempotent);
    }

    RespCommand(int replies, boolean keepsReplies, boolean idempotent) {
        this.replies = replies;
        this.keepsReplies = keepsReplies;
        this.isPlain = replies == 1 && !keepsReplies;
        this.idempotent = idempotent;
    }

    /** A command in words, such as {@code GET}, {@code key}; its reply as it comes. */
    public static RespCommand<Reply> of(String... arguments) {
        Object[] copy = arguments.clone();
        return new Words<>(copy, reply -> reply, false);
    }

    /** A command in bytes; its reply as it comes. */
    public static RespCommand<Reply> of(byte[]... arguments) {
        Object[] copy = arguments.clone();
        return new Words<>(copy, reply -> reply, false);
    }

    /** GET: the value of a key; null if there is none. */
    public static RespCommand<byte @Nullable []> get(byte[] key) {
        return new Get(key);
    }

    /** SET. */
    public static RespCommand<@Nullable Void> set(byte[] key, byte[] value) {
        return new Set(key, value);
    }

    /**
     * Commands that are carried out together or not at all, between MULTI and EXEC. They go out in one piece, so that the
     * connection may be one that others use too.
     *
     * @return the replies; null if a key that was watched has changed
     */
    public static RespCommand<@Nullable List<Reply>> transaction(List<? extends RespCommand<?>> commands) {
        return new Transaction(single(commands, "a transaction"));
    }

    /**
     * Commands that go out in their order on one connection, where others may come between them, and whose replies come
     * together: one request to the pool, its limits and its counts, with one deadline. It may be carried out twice where
     * each of its commands may.
     *
     * @return the replies in their order, failures among them
     * @throws IllegalArgumentException if there is no command
     */
    public static RespCommand<List<Reply>> pipeline(List<? extends RespCommand<?>> commands) {
        if (commands.isEmpty()) {
            throw new IllegalArgumentException("a pipeline without a command: a server would not answer");
        }
        List<RespCommand<?>> all = single(commands, "a pipeline");
        boolean idempotent = true;
        for (int i = 0; i < all.size(); i++) {
            idempotent &= all.get(i).isIdempotent();
        }
        return new Pipeline(all, idempotent);
    }

    private static List<RespCommand<?>> single(List<? extends RespCommand<?>> commands, String what) {
        List<RespCommand<?>> all = List.copyOf(commands);
        for (RespCommand<?> command : all) {
            if (!command.isPlain) {
                throw new IllegalArgumentException(
                        command + " in " + what + ": what is several commands itself must be sent by itself");
            }
        }
        return all;
    }

    /** This as one that may be carried out twice, so that it is tried again where it may have arrived. */
    public RespCommand<R> idempotent() {
        return with(this::read, true);
    }

    /** This with its reply read in another way. */
    public <T extends @Nullable Object> RespCommand<T> map(Function<? super R, T> reader) {
        return with(reply -> reader.apply(read(reply)), idempotent);
    }

    private <T extends @Nullable Object> RespCommand<T> with(Function<Reply, T> reader, boolean mayRepeat) {
        RespCommand<R> original = this;
        return new RespCommand<>(replies, keepsReplies, mayRepeat) {
            @Override
            void write(ByteBuf out) {
                original.write(out);
            }

            @Override
            byte @Nullable [] key() {
                return original.key();
            }

            @Override
            void writeTo(RespConnection connection) {
                original.writeTo(connection);
            }

            @Override
            T read(Reply reply) {
                return reader.apply(reply);
            }

            @Override
            public String toString() {
                return original.toString();
            }
        };
    }

    abstract void write(ByteBuf out);

    /** What it is about: its first key, of several commands that of the first that has one; null if it has none. */
    abstract byte @Nullable [] key();

    private static byte @Nullable [] firstKey(List<RespCommand<?>> commands) {
        for (int i = 0; i < commands.size(); i++) {
            byte[] key = commands.get(i).key();
            if (key != null) {
                return key;
            }
        }
        return null;
    }

    /** Writes it, in as many pieces as it likes. */
    void writeTo(RespConnection connection) {
        connection.write(this);
    }

    /**
     * What it is answered with.
     *
     * @param reply no {@link Reply.Failure}
     */
    abstract R read(Reply reply);

    @Override
    public final void send(RespConnection connection, Attempt<R> attempt) {
        connection.send(this, attempt);
    }

    @Override
    public final void giveUp(RespConnection connection, Attempt<R> attempt) {
        connection.gaveUp();
    }

    @Override
    public final boolean isIdempotent() {
        return idempotent;
    }

    @Override
    public final Outcome outcomeOf(Throwable failure) {
        return failure instanceof RespException error && isIll(error.code()) ? Outcome.ERROR : Outcome.SUCCESS;
    }

    private static boolean isIll(String code) {
        return switch (code) {
            case "LOADING", "MASTERDOWN", "CLUSTERDOWN", "BUSY" -> true;
            default -> false;
        };
    }

    /** With these a server says that it has not done it, and another one, or the same one later, may. */
    @Override
    public final boolean mayRetryAfter(Throwable failure) {
        return failure instanceof RespException error && isNotDone(error.code());
    }

    private static boolean isNotDone(String code) {
        return isIll(code) || switch (code) {
            case "TRYAGAIN", "READONLY" -> true;
            default -> false;
        };
    }

    static RuntimeException unexpected(Reply reply, String expected) {
        return new RespException("the reply is no " + expected + " but " + reply);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Any command: texts, bytes and numbers. */
    static final class Words<R extends @Nullable Object> extends RespCommand<R> {
        private final Object[] arguments;
        private final Function<Reply, R> reader;

        Words(Object[] arguments, Function<Reply, R> reader, boolean idempotent) {
            super(idempotent);
            if (arguments.length == 0) {
                throw new IllegalArgumentException("a command has a name at least");
            }
            this.arguments = arguments;
            this.reader = reader;
        }

        @Override
        byte @Nullable [] key() {
            int at = keyAt();
            if (at >= arguments.length) {
                return null;
            }
            return arguments[at] instanceof byte[] bytes ? bytes : utf8(arguments[at].toString());
        }

        /** Where the first key stands; beyond the last argument where there is none. */
        private int keyAt() {
            return switch (word(0).toUpperCase(Locale.ROOT)) {
                // Without a key the script says where: servers keep what they have compiled.
                case "EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO" ->
                    arguments.length > 3 && !word(2).equals("0") ? 3 : 1;
                case "OBJECT", "MEMORY", "XINFO", "XGROUP", "BITOP", "LMPOP", "ZMPOP", "ZUNION", "ZINTER", "ZDIFF",
                        "ZINTERCARD", "SINTERCARD" ->
                    2;
                case "BLMPOP", "BZMPOP" -> 3;
                case "XREAD", "XREADGROUP" -> afterStreams();
                default -> 1;
            };
        }

        private int afterStreams() {
            // A group may have that name.
            for (int i = word(0).length() > 5 ? 4 : 1; i < arguments.length; i++) {
                if (word(i).equalsIgnoreCase("STREAMS")) {
                    return i + 1;
                }
            }
            return arguments.length;
        }

        private String word(int at) {
            return arguments[at] instanceof byte[] bytes
                    ? new String(bytes, StandardCharsets.UTF_8)
                    : arguments[at].toString();
        }

        @Override
        void write(ByteBuf out) {
            RequestWriter.begin(out, arguments.length);
            for (Object argument : arguments) {
                switch (argument) {
                    case byte[] bytes -> RequestWriter.argument(out, bytes);
                    case Long number -> RequestWriter.argument(out, number.longValue());
                    default -> RequestWriter.argument(out, argument.toString());
                }
            }
        }

        @Override
        R read(Reply reply) {
            return reader.apply(reply);
        }

        @Override
        public String toString() {
            return word(0);
        }
    }

    /** The command that is sent most, with its beginning written already. */
    static final class Get extends RespCommand<byte @Nullable []> {
        private static final byte[] HEAD = utf8("*2\r\n$3\r\nGET\r\n");
        private final byte[] key;

        Get(byte[] key) {
            super(true);
            this.key = key;
        }

        @Override
        byte @Nullable [] key() {
            return key;
        }

        @Override
        void write(ByteBuf out) {
            out.writeBytes(HEAD);
            RequestWriter.argument(out, key);
        }

        @Override
        byte @Nullable [] read(Reply reply) {
            return Replies.bytes(reply);
        }

        @Override
        public String toString() {
            return "GET";
        }
    }

    /** As {@link Get}. */
    static final class Set extends RespCommand<@Nullable Void> {
        private static final byte[] HEAD = utf8("*3\r\n$3\r\nSET\r\n");
        private final byte[] key;
        private final byte[] value;

        Set(byte[] key, byte[] value) {
            super(false);
            this.key = key;
            this.value = value;
        }

        @Override
        byte @Nullable [] key() {
            return key;
        }

        @Override
        void write(ByteBuf out) {
            out.writeBytes(HEAD);
            RequestWriter.argument(out, key);
            RequestWriter.argument(out, value);
        }

        @Override
        @Nullable
        Void read(Reply reply) {
            return null;
        }

        @Override
        public String toString() {
            return "SET";
        }
    }

    private static final class Transaction extends RespCommand<@Nullable List<Reply>> {
        private static final byte[] MULTI = utf8("*1\r\n$5\r\nMULTI\r\n");
        private static final byte[] EXEC = utf8("*1\r\n$4\r\nEXEC\r\n");
        private final List<RespCommand<?>> commands;

        Transaction(List<RespCommand<?>> commands) {
            super(commands.size() + 2, false, false);
            this.commands = commands;
        }

        @Override
        byte @Nullable [] key() {
            return firstKey(commands);
        }

        @Override
        void write(ByteBuf out) {
            out.writeBytes(MULTI);
            for (RespCommand<?> command : commands) {
                command.write(out);
            }
            out.writeBytes(EXEC);
        }

        @Override
        @Nullable
        List<Reply> read(Reply reply) {
            return switch (reply) {
                case Reply.Nothing nothing -> null;
                case Reply.Aggregate all -> all.elements();
                default -> throw unexpected(reply, "list");
            };
        }

        @Override
        public String toString() {
            return "MULTI";
        }
    }

    private static final class Pipeline extends RespCommand<List<Reply>> {
        private final List<RespCommand<?>> commands;

        Pipeline(List<RespCommand<?>> commands, boolean idempotent) {
            super(commands.size(), true, idempotent);
            this.commands = commands;
        }

        @Override
        public RespCommand<List<Reply>> idempotent() {
            return new Pipeline(commands, true);
        }

        @Override
        byte @Nullable [] key() {
            return firstKey(commands);
        }

        @Override
        void write(ByteBuf out) {
            for (int i = 0; i < commands.size(); i++) {
                commands.get(i).write(out);
            }
        }

        @Override
        void writeTo(RespConnection connection) {
            for (int i = 0; i < commands.size(); i++) {
                connection.write(commands.get(i));
            }
        }

        @Override
        List<Reply> read(Reply reply) {
            return ((Reply.Aggregate) reply).elements();
        }

        @Override
        public Outcome outcome(List<Reply> answer) {
            for (int i = 0; i < answer.size(); i++) {
                if (answer.get(i) instanceof Reply.Failure failure && isIll(RespException.code(failure.text()))) {
                    return Outcome.ERROR;
                }
            }
            return Outcome.SUCCESS;
        }

        @Override
        public boolean mayRetry(List<Reply> answer) {
            if (!isIdempotent()) {
                return false;
            }
            for (int i = 0; i < answer.size(); i++) {
                if (answer.get(i) instanceof Reply.Failure failure && isNotDone(RespException.code(failure.text()))) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public String toString() {
            return "pipeline of " + commands.size();
        }
    }
}
