package io.solaster.testkit.gen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

import org.junit.jupiter.api.Test;

class CommandsTest {
    /** A ring of so many places that is wrong in one way, or right. */
    private static final class Ring {
        private final int[] values;
        private final boolean forgetsToWrap;
        private int head;
        private int size;

        Ring(int places, boolean forgetsToWrap) {
            values = new int[places + (forgetsToWrap ? 1 : 0)];
            this.forgetsToWrap = forgetsToWrap;
        }

        int capacity() {
            return values.length - (forgetsToWrap ? 1 : 0);
        }

        boolean put(int value) {
            if (size == capacity()) {
                return false;
            }
            int at = head + size++;
            values[forgetsToWrap && at == capacity() ? at : at % capacity()] = value;
            return true;
        }

        int take() {
            int value = values[head];
            head = (head + 1) % capacity();
            size--;
            return value;
        }
    }

    private static final Commands<Deque<Integer>, Ring> COMMANDS = new Commands<Deque<Integer>, Ring>()
            .add(5, "take", model -> !model.isEmpty(),
                    (_, model, ring) -> assertThat(ring.take()).isEqualTo(model.poll()))
            .add(5, "put", (draw, model, ring) -> {
                int value = draw.nextInt(100);
                assertThat(ring.put(value)).isEqualTo(model.size() < ring.capacity() && model.offer(value));
            });

    @Test
    void aRightRingAgreesWithItsModel() {
        Property.check(1, 200, draw -> COMMANDS.run(draw, 50, new ArrayDeque<>(), new Ring(3, false)));
    }

    @Test
    void aWrongOneIsToldByTheShortestSequence() {
        PropertyFailure failure = catchThrowableOfType(PropertyFailure.class,
                () -> Property.check(1, 200, draw -> COMMANDS.run(draw, 50, new ArrayDeque<>(), new Ring(3, true))));
        List<String> lines = String.valueOf(failure.getMessage()).lines().map(String::strip).toList();
        List<String> drawn = lines.subList(lines.indexOf("Drawn:") + 1, lines.indexOf("To see it again:"));
        assertThat(drawn.stream().filter(line -> !line.isEmpty())).containsExactlyInAnyOrder("put 0", "put 0", "put 0",
                "put 1", "take", "take", "take", "take").endsWith("take");
    }

    @Test
    void commandsAreDrawnByTheirWeight() {
        int[] counts = new int[2];
        Commands<int[], String> commands = new Commands<int[], String>().add("rare", (_, model, _) -> model[0]++)
                .add(9, "often", (_, model, _) -> model[1]++);
        Property.check(1, 100, draw -> commands.run(draw, 100, counts, ""));
        assertThat(counts[0] + counts[1]).isEqualTo(10_000);
        assertThat(counts[0]).isBetween(800, 1200);
    }

    @Test
    void whatTakesManyCommandsIsStillMadeSmall() {
        Commands<int[], String> commands = new Commands<int[], String>().add(1000, "nothing", (_, _, _) -> {})
                .add("count", (_, model, _) -> assertThat(++model[0]).isLessThan(20));
        PropertyFailure failure = catchThrowableOfType(PropertyFailure.class,
                () -> Property.check(1, 1, draw -> commands.run(draw, 60_000, new int[1], "")));
        assertThat(failure).message().doesNotContain("nothing").contains("from ", " to 40 in ");
    }
}
