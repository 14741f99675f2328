package io.solaster.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.core.annotation.AliasFor;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.annotation.DirtiesContext.ClassMode;

/**
 * A {@link SpringBootTest} on shards. Servers take free ports whatever the application's configuration says, the engine has
 * few shards that are not pinned, and tests may take as parameters the context's {@link io.solaster.engine.Engine}, a
 * {@link io.solaster.engine.Shard} (number 0, or the one that {@link io.solaster.testkit.junit.OnShard} names before the
 * parameter), a {@link io.solaster.testkit.chaos.FaultProxy} before one of its servers ({@link Before}), and the
 * {@link io.solaster.testkit.chaos.Events} of the class.
 *
 * <p>
 * The context is closed after the class, and then the kit looks for what was left: forks, calls off the shards and timers
 * once all beans have ended; buffers, sockets, other descriptors and threads once the engine has too. Where tests run at
 * the same time, it looks at the shards only. {@link io.solaster.testkit.junit.Leaves} excuses; at a test, for the class
 * from that test on, since its tests share a context. A failure tells what was done, and where every shard was.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
// Before Spring's, so that it looks after the context has been closed.
@ExtendWith(SolasterBootExtension.class)
@SpringBootTest
@DirtiesContext(classMode = ClassMode.AFTER_CLASS)
public @interface SolasterBootTest {

    /** The application's classes, as of {@link SpringBootTest}. */
    @AliasFor(annotation = SpringBootTest.class)
    Class<?>[] classes() default {};

    /** Properties, as of {@link SpringBootTest}: they overrule what the kit sets. */
    @AliasFor(annotation = SpringBootTest.class)
    String[] properties() default {};

    /** The application's arguments, as of {@link SpringBootTest}. */
    @AliasFor(annotation = SpringBootTest.class)
    String[] args() default {};

    /** Another web server that the application may have, as of {@link SpringBootTest}. */
    @AliasFor(annotation = SpringBootTest.class)
    WebEnvironment webEnvironment() default WebEnvironment.RANDOM_PORT;

    /** How many shards the engine has. */
    int shards() default 2;
}
