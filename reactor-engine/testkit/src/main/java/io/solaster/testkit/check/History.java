package io.solaster.testkit.check;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

/**
 * What clients asked, what they were answered, and when. Each client writes into arrays of its own, so that recording
 * takes no lock, and allocates only as the arrays grow.
 *
 * {@snippet :
 * History<String, Long> history = new History<>();
 * History.Recorder<String, Long> recorder = history.record("client 1");
 * int call = recorder.call("INCR visits");
 * recorder.answer(call, connection.incr("visits"));
 * }
 *
 * @param <I> what clients ask
 * @param <O> what they are answered
 */
public final class History<I, O extends @Nullable Object> {
    private final LongSupplier clock;
    private final List<Recorder<I, O>> recorders = new ArrayList<>();

    /** A history by {@link System#nanoTime}. */
    public History() {
        this(System::nanoTime);
    }

    /**
     * A history by another clock, such as a simulation's.
     *
     * @param clock tells the time in any unit; never runs backwards; any thread
     */
    public History(LongSupplier clock) {
        this.clock = clock;
    }

    /**
     * A recorder for a client. Any thread.
     *
     * @param client a name that no other client of this history has
     */
    public Recorder<I, O> record(String client) {
        return record(client, Recorder.FIRST_CAPACITY);
    }

    /**
     * A recorder for a client, which allocates nothing until there are more calls than expected. Any thread.
     *
     * @param client a name that no other client of this history has
     * @param expected how many calls there will be, about
     */
    public synchronized Recorder<I, O> record(String client, int expected) {
        if (recorders.stream().anyMatch(each -> each.client.equals(client))) {
            throw new IllegalArgumentException(
                    "client '" + client + "' has a recorder in this history; use that, or give another name");
        }
        Recorder<I, O> recorder = new Recorder<>(client, clock, expected);
        recorders.add(recorder);
        return recorder;
    }

    /**
     * All calls, in the order in which they were made. A call that was neither answered nor given up is one of unknown
     * outcome. To be called after the clients have ended, by a thread that knows of their end.
     */
    public synchronized List<Operation<I, O>> operations() {
        List<Operation<I, O>> all = new ArrayList<>();
        recorders.forEach(each -> each.addTo(all));
        all.sort(Comparator.comparingLong(Operation::called));
        return all;
    }

    /** One client's part of a history. On one thread at a time; several calls may be under way. */
    public static final class Recorder<I, O extends @Nullable Object> {
        private static final int FIRST_CAPACITY = 1024;
        private static final byte ANSWERED = 1;
        private static final byte GIVEN_UP = 2;

        private final String client;
        private final LongSupplier clock;
        private @Nullable Object[] inputs;
        private @Nullable Object[] answers;
        private long[] called;
        private long[] returned;
        private byte[] states;
        private int calls;

        private Recorder(String client, LongSupplier clock, int expected) {
            this.client = client;
            this.clock = clock;
            int capacity = Math.max(expected, 1);
            inputs = new @Nullable Object[capacity];
            answers = new @Nullable Object[capacity];
            called = new long[capacity];
            returned = new long[capacity];
            states = new byte[capacity];
        }

        /**
         * Records that a call is about to be made.
         *
         * @return the call's number
         */
        public int call(I input) {
            int call = calls;
            if (call == called.length) {
                grow();
            }
            inputs[call] = input;
            calls = call + 1;
            called[call] = clock.getAsLong();
            return call;
        }

        /** Records that a call was answered. */
        public void answer(int call, O answer) {
            returned[end(call, ANSWERED)] = clock.getAsLong();
            answers[call] = answer;
        }

        /** Records that the client will never know what came of a call. */
        public void giveUp(int call) {
            end(call, GIVEN_UP);
        }

        private int end(int call, byte state) {
            if (call < 0 || call >= calls) {
                throw new IllegalArgumentException(
                        client + " has made " + calls + " calls, none has the number " + call);
            }
            if (states[call] != 0) {
                throw new IllegalStateException(client + "'s call " + inputs[call] + " was "
                        + (states[call] == ANSWERED ? "answered " + answers[call] : "given up")
                        + " before; a call ends once");
            }
            states[call] = state;
            return call;
        }

        private void grow() {
            int capacity = called.length * 2;
            inputs = Arrays.copyOf(inputs, capacity);
            answers = Arrays.copyOf(answers, capacity);
            called = Arrays.copyOf(called, capacity);
            returned = Arrays.copyOf(returned, capacity);
            states = Arrays.copyOf(states, capacity);
        }

        @SuppressWarnings({"unchecked", "NullAway"}) // the arrays hold what was given
        private void addTo(List<Operation<I, O>> all) {
            for (int call = 0; call < calls; call++) {
                boolean answered = states[call] == ANSWERED;
                all.add(new Operation<>(client, (I) inputs[call],
                        answered ? Outcome.of((O) answers[call]) : Outcome.unknown(), called[call],
                        answered ? returned[call] : Operation.NEVER));
            }
        }
    }
}
