package io.solaster.config.value;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.BitSet;
import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CpuSetTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0           | 0
            0-3,8,10-12 | 0-3,8,10-12
            3,2,1       | 1-3
            0-3,2-5     | 0-5
            0,1         | 0-1
            4-4         | 4
            007         | 7
            8191        | 8191
            ' 0 - 3 , 8' | 0-3,8
            """)
    void readsAListAndPrintsItsShortestForm(String list, String printed) {
        assertThat(CpuSet.parse(list)).hasToString(printed);
    }

    @Test
    void readsWhatSysfsEndsWithALineFeed() {
        assertThat(CpuSet.parse("0-1\n")).isEqualTo(CpuSet.of(0, 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\n"})
    void readsNothingAsTheEmptySet(String list) {
        assertThat(CpuSet.parse(list)).isEqualTo(CpuSet.EMPTY).hasToString("");
    }

    @ParameterizedTest
    @ValueSource(strings = {"lots", "1;2", "-1", "0-", "0-1-2", "0,", ",0", "0,,1", "1.5", "0x1", "0 1", "٣",
            "0-3:1/2"})
    void refusesWhatIsNoListAndNamesIt(String list) {
        assertThatIllegalArgumentException().isThrownBy(() -> CpuSet.parse(list))
                .withMessage("'" + list + "' is no CPU list; write numbers and ranges, such as '0-3,8'");
    }

    @Test
    void refusesARangeThatRunsBackwardsAndTurnsItRound() {
        assertThatIllegalArgumentException().isThrownBy(() -> CpuSet.parse("1,7-4"))
                .withMessage("'7-4' in the CPU list '1,7-4' runs backwards; write '4-7'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"8192", "0-99999999999999999999"})
    void refusesNumbersThatNoCpuHas(String list) {
        assertThatIllegalArgumentException().isThrownBy(() -> CpuSet.parse(list))
                .withMessageContaining("does not exist; write numbers from 0 to 8191");
        assertThatIllegalArgumentException().isThrownBy(() -> CpuSet.of(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> CpuSet.of(8192));
    }

    @Test
    void everySetIsReadBackFromWhatItPrints() {
        Random random = new Random(42);
        for (int i = 0; i < 2_000; i++) {
            CpuSet set = random(random);
            assertThat(CpuSet.parse(set.toString())).isEqualTo(set).hasSameHashCodeAs(set);
        }
    }

    @Test
    void setOperationsAgreeWithMembership() {
        Random random = new Random(43);
        for (int i = 0; i < 200; i++) {
            CpuSet a = random(random);
            CpuSet b = random(random);
            for (int cpu = 0; cpu < 200; cpu++) {
                assertThat(a.and(b).contains(cpu)).isEqualTo(a.contains(cpu) && b.contains(cpu));
                assertThat(a.or(b).contains(cpu)).isEqualTo(a.contains(cpu) || b.contains(cpu));
                assertThat(a.minus(b).contains(cpu)).isEqualTo(a.contains(cpu) && !b.contains(cpu));
            }
            assertThat(a.or(b).containsAll(a)).isTrue();
            assertThat(a.containsAll(b)).isEqualTo(b.minus(a).isEmpty());
            assertThat(a.stream().count()).isEqualTo(a.size());
        }
    }

    @Test
    void isNotChangedThroughABitSet() {
        BitSet bits = new BitSet();
        bits.set(1);
        CpuSet set = CpuSet.of(bits);
        bits.set(2);
        set.toBitSet().set(3);
        assertThat(set).hasToString("1");
        assertThat(set.first()).isEqualTo(1);
        assertThat(CpuSet.range(4, 6)).hasToString("4-6");
        assertThat(CpuSet.range(4, 3)).isEqualTo(CpuSet.EMPTY);
    }

    private static CpuSet random(Random random) {
        BitSet bits = new BitSet();
        int inserts = random.nextInt(60);
        for (int i = 0; i < inserts; i++) {
            int first = random.nextInt(150);
            bits.set(first, first + 1 + random.nextInt(4));
        }
        return CpuSet.of(bits);
    }
}
