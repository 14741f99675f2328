package io.solaster.store.type;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

import io.solaster.engine.memory.Memory;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class IntSetTest {
    private final long numbers = Memory.allocate(10_000);

    @AfterEach
    void free() {
        Memory.free(numbers);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void behavesAsASortedSet(int seed) {
        Property.check(seed, 50, draw -> {
            TreeSet<Long> model = new TreeSet<>();
            int[] width = {2};
            draw.repeat(200, _ -> {
                long number = draw.nextBoolean() ? draw.anyLong() : draw.nextInt(-50, 50);
                int index = IntSet.find(numbers, width[0], model.size(), number);
                assertThat(index >= 0).isEqualTo(model.contains(number));
                assertThat(index >= 0 ? index : -index - 1).isEqualTo(model.headSet(number).size());
                if (index >= 0) {
                    IntSet.remove(numbers, width[0], model.size(), index);
                    model.remove(number);
                } else {
                    int wider = Math.max(width[0], IntSet.width(number));
                    IntSet.widen(numbers, width[0], wider, model.size());
                    width[0] = wider;
                    IntSet.insert(numbers, wider, model.size(), -index - 1, number);
                    model.add(number);
                }
                List<Long> all = new ArrayList<>();
                for (int i = 0; i < model.size(); i++) {
                    all.add(IntSet.get(numbers, width[0], i));
                }
                assertThat(all).isEqualTo(new ArrayList<>(model));
            });
        });
    }
}
