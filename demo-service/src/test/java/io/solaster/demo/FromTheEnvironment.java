package io.solaster.demo;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

/** Finds who asks the JDK for time, chance or threads, which no simulation could answer for. */
final class FromTheEnvironment extends ArchCondition<JavaClass> {
    static final ArchCondition<JavaClass> COME_TIME_CHANCE_AND_THREADS = new FromTheEnvironment();

    private static final List<Class<?>> TIMES = List.of(Instant.class, LocalDate.class, LocalDateTime.class,
            LocalTime.class, OffsetDateTime.class, ZonedDateTime.class);
    private static final Set<String> OF_THREADS = Set.of("start", "sleep", "ofPlatform", "ofVirtual",
            "startVirtualThread");
    private static final List<Class<?>> RANDOMS = List.of(Random.class, SplittableRandom.class,
            SecureRandom.class);

    private FromTheEnvironment() {
        super("take time, chance and threads from io.solaster.engine.env.Environment");
    }

    @Override
    public void check(JavaClass item, ConditionEvents events) {
        Stream.of(item.getMethodCallsFromSelf(), item.getConstructorCallsFromSelf(), item.getMethodReferencesFromSelf(),
                item.getConstructorReferencesFromSelf()).flatMap(Set::stream)
                .filter(access -> asksTheJdk(item, access))
                .forEach(access -> events.add(SimpleConditionEvent.violated(access, access.getDescription())));
    }

    private static boolean asksTheJdk(JavaClass from, JavaCodeUnitAccess<? extends CodeUnitAccessTarget> access) {
        JavaClass owner = access.getTarget().getOwner();
        String name = access.getTarget().getName();
        boolean bare = access.getTarget().getRawParameterTypes().isEmpty();
        if (owner.isAssignableTo(Thread.class)) {
            return OF_THREADS.contains(name)
                    || name.equals("<init>") && owner.isEquivalentTo(Thread.class)
                            && !from.isAssignableTo(Thread.class);
        }
        return owner.isEquivalentTo(System.class) && Arrays.asList("nanoTime", "currentTimeMillis").contains(name)
                || owner.isEquivalentTo(Math.class) && name.equals("random")
                || owner.isEquivalentTo(UUID.class) && name.equals("randomUUID")
                || owner.isEquivalentTo(ThreadLocalRandom.class) && name.equals("current")
                || owner.isEquivalentTo(Clock.class) && name.startsWith("system")
                || owner.isEquivalentTo(InstantSource.class) && name.equals("system")
                || owner.isEquivalentTo(Executors.class) && name.startsWith("new")
                || name.equals("now") && bare && TIMES.stream().anyMatch(owner::isEquivalentTo)
                || name.equals("<init>") && bare && RANDOMS.stream().anyMatch(owner::isEquivalentTo);
    }
}
