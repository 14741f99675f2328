package io.solaster.testkit.gen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;

import org.junit.jupiter.api.Test;

final class FuzzInputsTest {

    @Test
    void areTheFilesOfTheirTestByName() {
        assertThat(FuzzInputs.of(FuzzInputsTest.class, "reads")).extracting(Path::getFileName)
                .containsExactly(Path.of("1"), Path.of("2"));
    }

    @Test
    void areMissedByName() {
        assertThatIllegalArgumentException().isThrownBy(() -> FuzzInputs.of(FuzzInputsTest.class, "writes"))
                .withMessageContaining("FuzzInputsTestInputs/writes").withMessageContaining("@FuzzTest");
    }
}
