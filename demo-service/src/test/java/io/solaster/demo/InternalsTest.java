package io.solaster.demo;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.ToolProvider;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import io.solaster.config.Internal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rules on {@code @Internal}, on modules that break them. */
final class InternalsTest {
    private static final String ENGINE_OF_A_CAR = """
            package io.solaster.car.engine;
            @io.solaster.config.Internal
            public class Engine {
                public static final class Part {}
            }
            """;
    private static final String WHEEL = """
            package io.solaster.car;
            public final class Wheel {
                public int size() { return 4; }
                @io.solaster.config.Internal
                public void turn() {}
            }
            """;

    @TempDir
    Path folder;

    @Test
    void anotherModuleMayNotUseAnInternalClass() throws Exception {
        assertThat(wrong(Internals.STAY_IN_THEIR_MODULE, ENGINE_OF_A_CAR, """
                package io.solaster.road;
                final class Road { Object what = new io.solaster.car.engine.Engine(); }
                """)).contains("io.solaster.road.Road");
        assertThat(wrong(Internals.STAY_IN_THEIR_MODULE, ENGINE_OF_A_CAR, """
                package io.solaster.road;
                final class Road { io.solaster.car.engine.Engine.Part[] parts; }
                """)).contains("io.solaster.road.Road");
    }

    @Test
    void anotherModuleMayNotUseAnInternalMember() throws Exception {
        String road = """
                package io.solaster.road;
                final class Road { void drive(io.solaster.car.Wheel wheel) { wheel.%s(); } }
                """;
        assertThat(wrong(Internals.STAY_IN_THEIR_MODULE, WHEEL, road.formatted("turn"))).contains("Wheel.turn()");
        assertThat(wrong(Internals.STAY_IN_THEIR_MODULE, WHEEL, road.formatted("size"))).isEqualTo("[]");
    }

    @Test
    void anotherModuleMayNotUseAnInternalRoom() throws Exception {
        assertThat(wrong(Internals.STAY_IN_THEIR_MODULE, """
                @io.solaster.config.Internal
                package io.solaster.car.gears;
                """, "package io.solaster.car.gears; public class Gear {}",
                "package io.solaster.road; final class Road extends io.solaster.car.gears.Gear {}")).contains("Road");
    }

    @Test
    void theModuleItselfMayUseIt() throws Exception {
        assertThat(wrong(Internals.STAY_IN_THEIR_MODULE, ENGINE_OF_A_CAR, """
                package io.solaster.car;
                final class Car { Object what = new io.solaster.car.engine.Engine(); }
                """)).isEqualTo("[]");
    }

    @Test
    void aRootShowsNothingInternal() throws Exception {
        for (String shown : List.of("public io.solaster.car.engine.Engine engine() { return null; }",
                "protected void put(java.util.List<io.solaster.car.engine.Engine> engines) {}",
                "public Car(io.solaster.car.engine.Engine engine) {}",
                "public static final class Boot { public io.solaster.car.engine.Engine.Part part; }")) {
            assertThat(wrong(Internals.ARE_NOT_SHOWN_BY_ROOTS, ENGINE_OF_A_CAR,
                    "package io.solaster.car; public class Car { " + shown + " }")).as(shown).contains("Engine");
        }
        assertThat(wrong(Internals.ARE_NOT_SHOWN_BY_ROOTS, ENGINE_OF_A_CAR,
                "package io.solaster.car; public class Car extends io.solaster.car.engine.Engine {}"))
                .contains("stands on");
    }

    @Test
    void aRootMayUseInternalsWhereNobodySeesThem() throws Exception {
        assertThat(wrong(Internals.ARE_NOT_SHOWN_BY_ROOTS, ENGINE_OF_A_CAR, """
                package io.solaster.car;
                public class Car {
                    private io.solaster.car.engine.Engine engine;
                    io.solaster.car.engine.Engine engine() { return engine; }
                    @io.solaster.config.Internal
                    public void put(io.solaster.car.engine.Engine other) {}
                }
                """, """
                package io.solaster.car;
                class Garage { public io.solaster.car.engine.Engine engine; }
                """)).isEqualTo("[]");
    }

    private String wrong(ArchCondition<JavaClass> condition, String... sources) throws IOException {
        Path classes = Files.createTempDirectory(folder, "classes");
        List<String> arguments = new ArrayList<>(
                List.of("-proc:none", "-cp", annotations(), "-d", classes.toString()));
        for (String source : sources) {
            String name = source.replaceFirst("(?s).*?(?:class (\\w+).*|\\z)", "$1");
            Path file = Files.createTempDirectory(folder, "source")
                    .resolve(name.isEmpty() ? "package-info.java" : name + ".java");
            arguments.add(Files.writeString(file, source).toString());
        }
        assertThat(ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new)))
                .isZero();
        return classes().should(condition).allowEmptyShould(true).evaluate(new ClassFileImporter().importPath(classes))
                .getFailureReport().getDetails().toString();
    }

    /** Where the annotation lies: the compiler would open all of the class path, each time. */
    private static String annotations() {
        return Path.of(URI.create(Internal.class.getProtectionDomain().getCodeSource().getLocation().toString()))
                .toString();
    }
}
