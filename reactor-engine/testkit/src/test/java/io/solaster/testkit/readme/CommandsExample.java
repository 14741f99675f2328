package io.solaster.testkit.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.TreeSet;

import io.solaster.testkit.gen.Commands;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Test;

class CommandsExample {
    @Test
    void bitsAreASet() {
        Commands<TreeSet<Integer>, BitSet> commands = new Commands<TreeSet<Integer>, BitSet>()
                .add("clear", (draw, model, bits) -> {
                    bits.clear();
                    model.clear();
                })
                .add(9, "set", (draw, model, bits) -> {
                    int bit = draw.nextInt(200);
                    bits.set(bit);
                    model.add(bit);
                })
                .add(9, "length", model -> !model.isEmpty(),
                        (draw, model, bits) -> assertThat(bits.length()).isEqualTo(model.last() + 1));
        Property.check(42, 500, draw -> commands.run(draw, 50, new TreeSet<>(), new BitSet()));
    }
}
