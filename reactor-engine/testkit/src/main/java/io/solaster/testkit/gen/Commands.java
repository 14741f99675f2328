package io.solaster.testkit.gen;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Draws sequences of commands, each of which is done to a system and to a model of it, and compares them.
 *
 * {@snippet :
 * Commands<Deque<Integer>, Ring> commands = new Commands<Deque<Integer>, Ring>()
 *         .add("clear", (draw, model, ring) -> { ... })
 *         .add(5, "put", (draw, model, ring) -> {
 *             int value = draw.nextInt(10);
 *             assertThat(ring.put(value)).isEqualTo(model.offer(value));
 *         })
 *         .add(5, "take", model -> !model.isEmpty(), (draw, model, ring) -> assertThat(ring.take()).isEqualTo(model.poll()));
 *
 * Property.check(42, 1_000, draw -> commands.run(draw, 50, new ArrayDeque<>(), new Ring(8)));
 * }
 *
 * <p>
 * A failure tells the shortest sequence that was found, each command with what it drew. The simplest commands are named
 * first: later ones are replaced by them where that fails too.
 *
 * @param <M> the model, which changes
 * @param <R> the system
 */
public final class Commands<M, R> {
    private record Named<M, R>(int upTo, String name, Predicate<? super M> isPossible, Command<M, R> command) {}

    /** Does something to a system and to its model. */
    @FunctionalInterface
    public interface Command<M, R> {
        /** Draws its arguments, and throws what it finds wrong. */
        void run(Draw draw, M model, R real) throws Exception;
    }

    private final List<Named<M, R>> commands = new ArrayList<>();
    private int total;

    /** Adds a command that is always possible. */
    public Commands<M, R> add(String name, Command<M, R> command) {
        return add(1, name, command);
    }

    /**
     * Adds a command that is always possible.
     *
     * @param weight how often it is drawn, beside the others' weights; positive
     */
    public Commands<M, R> add(int weight, String name, Command<M, R> command) {
        return add(weight, name, _ -> true, command);
    }

    /**
     * Adds a command.
     *
     * @param weight how often it is drawn, beside the others' weights; positive
     * @param isPossible where false, the command is left out
     */
    public Commands<M, R> add(int weight, String name, Predicate<? super M> isPossible, Command<M, R> command) {
        if (weight < 1) {
            throw new IllegalArgumentException(name + " has the weight " + weight + "; give 1 or more");
        }
        total += weight;
        commands.add(new Named<>(total, name, isPossible, command));
        return this;
    }

    /** Does a sequence of so many commands, of which some may be left out. */
    public void run(Draw draw, int count, M model, R real) {
        draw.repeat(count, _ -> {
            int ticket = draw.weighted(total);
            Named<M, R> next = commands.getFirst();
            for (int i = 0; next.upTo <= ticket; i++) {
                next = commands.get(i + 1);
            }
            if (next.isPossible.test(model)) {
                Named<M, R> chosen = next;
                draw.step(chosen.name, () -> chosen.command.run(draw, model, real));
            }
        });
    }
}
