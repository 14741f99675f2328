package io.solaster.benchmarks.rig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class OptionsTest {

    @Test
    void quickIsShorterAndOthersOverrideIt() {
        Options options = Options.parse(5, "--rounds", "7", "--quick");
        assertThat(options.rounds()).isEqualTo(7);
        assertThat(Options.parse(3).rounds()).isEqualTo(3);
        assertThat(options.manyKeys()).isLessThan(Options.parse(5).manyKeys());
    }

    @Test
    void variantsAddToTheFlags() {
        Options options = Options.parse(5, "--jvm", "-Xmx64m  -Xms64m", "--vary", "zgc=-XX:+UseZGC", "--vary", "none=");
        assertThat(options.vary().keySet()).containsExactly("zgc", "none");
        assertThat(options.jvmWith(options.vary().get("zgc"))).containsExactly("-Xmx64m", "-Xms64m", "-XX:+UseZGC");
        assertThat(options.jvmWith(options.vary().get("none"))).containsExactly("-Xmx64m", "-Xms64m");
    }

    @Test
    void whatThereIsNotIsRefusedByName() {
        assertThatThrownBy(() -> Options.parse(5, "--fast")).hasMessageContaining("--fast");
        assertThatThrownBy(() -> Options.parse(5, "--fast", "1")).hasMessageContaining("--fast");
        assertThatThrownBy(() -> Options.parse(5, "--rounds", "0")).hasMessageContaining("want 1 or more");
        assertThatThrownBy(() -> Options.parse(5, "--vary", "zgc")).hasMessageContaining("name=flags");
    }
}
