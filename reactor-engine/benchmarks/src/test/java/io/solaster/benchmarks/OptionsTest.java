package io.solaster.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class OptionsTest {

    @Test
    void quickIsShorterAndOthersOverrideIt() {
        Options options = Options.parse("--rounds", "7", "--quick");
        assertThat(options.rounds()).isEqualTo(7);
        assertThat(options.manyKeys()).isLessThan(Options.parse().manyKeys());
    }

    @Test
    void variantsAddToTheFlags() {
        Options options = Options.parse("--jvm", "-Xmx64m  -Xms64m", "--vary", "zgc=-XX:+UseZGC", "--vary", "none=");
        assertThat(options.vary().keySet()).containsExactly("zgc", "none");
        assertThat(options.jvmWith(options.vary().get("zgc"))).containsExactly("-Xmx64m", "-Xms64m", "-XX:+UseZGC");
        assertThat(options.jvmWith(options.vary().get("none"))).containsExactly("-Xmx64m", "-Xms64m");
    }

    @Test
    void whatThereIsNotIsRefusedByName() {
        assertThatThrownBy(() -> Options.parse("--fast")).hasMessageContaining("--fast");
        assertThatThrownBy(() -> Options.parse("--fast", "1")).hasMessageContaining("--fast");
        assertThatThrownBy(() -> Options.parse("--rounds", "0")).hasMessageContaining("want 1 or more");
        assertThatThrownBy(() -> Options.parse("--vary", "zgc")).hasMessageContaining("name=flags");
    }
}
