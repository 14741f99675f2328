package io.solaster.store.command.collection;

import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.InTurns;

/** What commands do that do the same with each of very many arguments. */
public final class ManyArguments implements InTurns.Steps {
    /** Fewer are done with at once. */
    static final int MANY = 256;

    /** What is done with one of them. */
    public interface One {
        /** Does it, and says what that adds to the sum; the key is open. */
        int with(CommandCall call, int argument);
    }

    /** What is done with the key. */
    public interface Key {
        /** Finds it anew, at the beginning of each turn. */
        void open(CommandCall call);
    }

    /** What is answered. */
    interface Answer {
        /** Answers how many there were, where that is the answer. */
        void sum(CommandCall call, long sum);
    }

    private final Key key;
    private int next;
    private final int step;
    private final One one;
    private final Answer answer;
    private boolean answersEach;
    private long sum;

    private ManyArguments(Key key, int first, int step, One one, Answer answer) {
        this.key = key;
        this.next = first;
        this.step = step;
        this.one = one;
        this.answer = answer;
    }

    /** Whether a call has so many arguments. */
    public static boolean are(CommandCall call) {
        return call.count() > MANY;
    }

    /**
     * Does something with each argument.
     *
     * @param key opens the key of the first argument, which was found to be of the right type
     * @param step from one to the next
     */
    static void each(CommandCall call, Key key, int first, int step, One one, Answer answer) {
        InTurns.run(call, 1, new ManyArguments(key, first, step, one, answer));
    }

    /** Answers each argument from one on by itself. */
    public static void answerEach(CommandCall call, Key key, int first, One one) {
        ManyArguments all = new ManyArguments(key, first, 1, one, ManyArguments::nothing);
        all.answersEach = true;
        InTurns.run(call, 1, all);
    }

    private static void nothing(CommandCall call, long sum) {
        // It is all there.
    }

    @Override
    public boolean goOn(CommandCall call) {
        key.open(call);
        if (answersEach) {
            answersEach = false;
            call.reply().arrayHeader(call.count() - next);
        }
        while (next < call.count()) {
            int bytes = call.length(next) + call.length(next + step - 1);
            sum += one.with(call, next);
            next += step;
            if (next < call.count() && call.isToPause(bytes)) {
                return false;
            }
        }
        answer.sum(call, sum);
        return true;
    }
}
