package io.solaster.testkit.junit;

import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.ManualClock;
import io.solaster.engine.transport.TransportChoice;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.chaos.FaultProxy;
import io.solaster.testkit.check.History;
import io.solaster.testkit.left.Left;
import io.solaster.testkit.left.LeftBehindError;
import io.solaster.testkit.left.ProcessLeftovers;
import io.solaster.testkit.left.Remnant;
import io.solaster.testkit.sim.Simulation;
import io.solaster.testkit.sim.SimulationFailure;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContext;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContextProvider;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestInstanceFactoryContext;
import org.junit.jupiter.api.extension.TestInstancePreConstructCallback;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.ReflectionSupport;
import org.opentest4j.TestAbortedException;

/**
 * Ties {@link SolasterTest} to JUnit: where a {@link TestBed} belongs, and when. It keeps nothing itself; what a test has
 * hangs on JUnit's own tree of contexts, so that tests may run at the same time.
 *
 * <p>
 * An engine for each test rather than for each class: a test can then neither fail for what another one has left nor hide
 * it, a clock begins at 0, and tests that run at the same time share nothing.
 */
final class SolasterExtension
        implements
            ClassTemplateInvocationContextProvider,
            TestInstancePreConstructCallback,
            BeforeAllCallback,
            BeforeEachCallback,
            AfterEachCallback,
            AfterAllCallback,
            ParameterResolver,
            InvocationInterceptor,
            TestExecutionExceptionHandler,
            LifecycleMethodExecutionExceptionHandler {

    private static final Namespace OURS = Namespace.create(SolasterExtension.class);
    private static final Set<Class<?>> GIVEN = Set.of(Engine.class, Shard.class, ManualClock.class, FaultProxy.class,
            History.class, Events.class, Simulation.class);

    // A class, once for each transport.

    @Override
    public boolean supportsClassTemplate(ExtensionContext context) {
        return AnnotationSupport.isAnnotated(context.getRequiredTestClass(), SolasterTest.class);
    }

    @Override
    public Stream<? extends ClassTemplateInvocationContext> provideClassTemplateInvocationContexts(
            ExtensionContext context) {
        return Settings.transports(settings(context)).stream().map(OnTransport::new);
    }

    private record OnTransport(EngineConfig.Transport transport) implements ClassTemplateInvocationContext {
        @Override
        public String getDisplayName(int index) {
            return transport == EngineConfig.Transport.AUTO ? "here" : "on " + TransportChoice.label(transport);
        }

        @Override
        public void prepareInvocation(ExtensionContext context) {
            context.getStore(OURS).put(EngineConfig.Transport.class, transport);
        }
    }

    private static EngineConfig.Transport transport(ExtensionContext context) {
        EngineConfig.Transport prepared = context.getStore(OURS).get(EngineConfig.Transport.class,
                EngineConfig.Transport.class);
        return prepared == null ? EngineConfig.Transport.AUTO : prepared;
    }

    private static SolasterTest settings(ExtensionContext context) {
        for (Class<?> each = context.getRequiredTestClass(); each != null; each = each.getEnclosingClass()) {
            Optional<SolasterTest> found = AnnotationSupport.findAnnotation(each, SolasterTest.class);
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw new IllegalStateException(context.getRequiredTestClass() + " is not annotated with @SolasterTest");
    }

    // Where what a test has belongs.

    /** With the instance of the test: an outer class that has one for all of its tests, else the test itself. */
    private static @Nullable ExtensionContext home(ExtensionContext context) {
        ExtensionContext ofClass = null;
        Class<?> seen = null;
        ExtensionContext ofTest = null;
        for (ExtensionContext each = context; each != null; each = each.getParent().orElse(null)) {
            if (each.getTestMethod().isPresent()) {
                ofTest = ofTest == null ? each : ofTest;
            } else if (each.getTestClass().isPresent() && !each.getRequiredTestClass().equals(seen)) {
                // Above it stand the contexts of the same class as a template.
                seen = each.getRequiredTestClass();
                if (each.getTestInstanceLifecycle().orElse(null) == Lifecycle.PER_CLASS) {
                    ofClass = each;
                }
            }
        }
        return ofClass != null ? ofClass : ofTest;
    }

    private static TestBed bed(ExtensionContext context) {
        ExtensionContext home = home(context);
        if (home == null) {
            throw new ParameterResolutionException(
                    "an engine lives as long as the instance of a test, and here is none;"
                            + " take it in a test or before each, or annotate "
                            + context.getRequiredTestClass().getSimpleName()
                            + " with @TestInstance(PER_CLASS)");
        }
        return Objects.requireNonNull(home.getStore(OURS).computeIfAbsent(TestBed.class, key -> {
            watchProcess(home);
            return new TestBed(settings(home), transport(home), patience(home));
        }, TestBed.class));
    }

    /** What tests have that run at the same time cannot be told apart. */
    private static void watchProcess(ExtensionContext context) {
        boolean alone = !context.getConfigurationParameter("junit.jupiter.execution.parallel.enabled")
                .map(Boolean::parseBoolean).orElse(false);
        if (alone) {
            context.getStore(OURS).put(ProcessLeftovers.class, ProcessLeftovers.begin());
        }
    }

    /** On a machine that is busy with other things what ends by itself takes its time. */
    private static Duration patience(ExtensionContext context) {
        return context.getConfigurationParameter("solaster.testkit.patience").map(Duration::parse)
                .orElse(Duration.ofSeconds(5));
    }

    private static String name(ExtensionContext context) {
        String type = context.getRequiredTestClass().getSimpleName();
        String test = context.getTestMethod().map(Method::getName).orElse(null);
        if (test == null) {
            return type;
        }
        return context.getDisplayName().startsWith(test + "(")
                ? type + "." + test
                : type + "." + test + " (" + context.getDisplayName() + ")";
    }

    @Override
    public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext rootContext) {
        return ExtensionContextScope.TEST_METHOD;
    }

    // Before and after.

    @Override
    public void preConstructTestInstance(TestInstanceFactoryContext factory, ExtensionContext context) {
        if (home(context) != null) {
            bed(context);
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        EngineConfig.Transport transport = transport(context);
        Settings.refusal(transport).ifPresent(why -> Assumptions.abort(why));
        if (isHome(context)) {
            // With the class, so that no single test seems to have left it.
            bed(context).engine();
        }
    }

    private static boolean isHome(ExtensionContext context) {
        ExtensionContext home = home(context);
        return home != null && home.getUniqueId().equals(context.getUniqueId());
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        bed(context).begin();
        if (!isHome(context)) {
            watchProcess(context);
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Set<Left> ignored = excused(context);
        TestBed bed = bed(context);
        tell(context, isHome(context) ? bed.close(ignored) : bed.end(ignored), ignored, bed);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        TestBed bed = isHome(context) ? context.getStore(OURS).get(TestBed.class, TestBed.class) : null;
        if (bed != null) {
            Set<Left> ignored = excused(context);
            tell(context, bed.close(ignored), ignored, bed);
        }
    }

    private static void tell(ExtensionContext context, List<Remnant> onShards, Set<Left> ignored,
            TestBed bed) {
        ProcessLeftovers process = context.getStore(OURS).remove(ProcessLeftovers.class, ProcessLeftovers.class);
        List<Remnant> left = new ArrayList<>(onShards);
        if (process != null) {
            left.addAll(process.remnants(ignored, patience(context)));
            process.close();
        }
        if (!left.isEmpty()) {
            throw new LeftBehindError(name(context), left, bed.report());
        }
    }

    private static Set<Left> excused(ExtensionContext context) {
        Set<Left> excused = EnumSet.noneOf(Left.class);
        context.getTestMethod().flatMap(method -> AnnotationSupport.findAnnotation(method, Leaves.class))
                .ifPresent(leaves -> excused.addAll(Arrays.asList(leaves.value())));
        for (Class<?> each = context.getRequiredTestClass(); each != null; each = each.getEnclosingClass()) {
            AnnotationSupport.findAnnotation(each, Leaves.class)
                    .ifPresent(leaves -> excused.addAll(Arrays.asList(leaves.value())));
        }
        return excused;
    }

    // What a test is given.

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return GIVEN.contains(type) || type == long.class && parameter.isAnnotated(Seed.class);
    }

    @Override
    public @Nullable Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        TestBed bed = bed(context);
        Class<?> type = parameter.getParameter().getType();
        if (type == Simulation.class) {
            if (!context.getTestMethod().equals(Optional.of(parameter.getDeclaringExecutable()))) {
                throw new ParameterResolutionException("a simulation lasts as long as a test; take it in a test");
            }
            // It is there once the test runs within it.
            return null;
        }
        if (type == Engine.class) {
            return bed.engine();
        }
        if (type == Shard.class) {
            Executable method = parameter.getDeclaringExecutable();
            int number = parameter.findAnnotation(OnShard.class).or(() -> onShard(method, context)).map(OnShard::value)
                    .orElse(0);
            return bed.shard(number);
        }
        if (type == ManualClock.class) {
            return bed.clock();
        }
        if (type == FaultProxy.class) {
            return bed.proxy();
        }
        if (type == History.class) {
            return new History<>();
        }
        return type == Events.class ? bed.events() : (Object) bed.seed();
    }

    // What runs on a shard.

    private static Optional<OnShard> onShard(Executable method, ExtensionContext context) {
        if (method instanceof Constructor) {
            return Optional.empty();
        }
        Optional<OnShard> found = AnnotationSupport.findAnnotation(method, OnShard.class);
        for (Class<?> each = context.getRequiredTestClass(); found.isEmpty() && each != null; each = each
                .getEnclosingClass()) {
            found = AnnotationSupport.findAnnotation(each, OnShard.class);
        }
        return found;
    }

    @SuppressWarnings("NullAway") // a test that takes a simulation returns nothing
    private static <T extends @Nullable Object> T intercept(Invocation<T> invocation,
            ReflectiveInvocationContext<Method> call, ExtensionContext context) throws Throwable {
        Optional<OnShard> shard = onShard(call.getExecutable(), context);
        if (Arrays.asList(call.getExecutable().getParameterTypes()).contains(Simulation.class)) {
            if (shard.isPresent()) {
                throw new ParameterResolutionException("a test in a simulation is on none of the engine's shards; take"
                        + " the simulation or @OnShard, not both");
            }
            invocation.skip();
            simulate(call, bed(context).seed());
            return null;
        }
        if (shard.isEmpty()) {
            return invocation.proceed();
        }
        Callable<T> work = () -> {
            try {
                return invocation.proceed();
            } catch (Exception | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        };
        return bed(context).callOn(shard.get().value(), work);
    }

    private static void simulate(ReflectiveInvocationContext<Method> call, long seed) {
        Method test = call.getExecutable();
        try {
            Simulation.run(seed, sim -> {
                @Nullable
                Object[] arguments = call.getArguments().toArray();
                for (int i = 0; i < arguments.length; i++) {
                    arguments[i] = test.getParameterTypes()[i] == Simulation.class ? sim : arguments[i];
                }
                ReflectionSupport.invokeMethod(test, call.getTarget().orElse(null), arguments);
            });
        } catch (SimulationFailure failure) {
            if (failure.getCause() instanceof TestAbortedException aborted) {
                throw aborted;
            }
            throw failure;
        }
    }

    @Override
    public void interceptTestMethod(Invocation<@Nullable Void> invocation, ReflectiveInvocationContext<Method> call,
            ExtensionContext context) throws Throwable {
        intercept(invocation, call, context);
    }

    @Override
    public void interceptTestTemplateMethod(Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> call, ExtensionContext context) throws Throwable {
        intercept(invocation, call, context);
    }

    @Override
    public <T extends @Nullable Object> T interceptTestFactoryMethod(Invocation<T> invocation,
            ReflectiveInvocationContext<Method> call, ExtensionContext context) throws Throwable {
        return intercept(invocation, call, context);
    }

    @Override
    public void interceptBeforeEachMethod(Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> call, ExtensionContext context) throws Throwable {
        intercept(invocation, call, context);
    }

    @Override
    public void interceptAfterEachMethod(Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> call, ExtensionContext context) throws Throwable {
        intercept(invocation, call, context);
    }

    // What a failure tells.

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw withReport(context, failure);
    }

    @Override
    public void handleBeforeEachMethodExecutionException(ExtensionContext context, Throwable failure)
            throws Throwable {
        throw withReport(context, failure);
    }

    @Override
    public void handleAfterEachMethodExecutionException(ExtensionContext context, Throwable failure)
            throws Throwable {
        throw withReport(context, failure);
    }

    private static Throwable withReport(ExtensionContext context, Throwable failure) {
        boolean told = failure instanceof TestAbortedException
                || Arrays.stream(failure.getSuppressed()).anyMatch(TestReport.class::isInstance);
        if (!told) {
            failure.addSuppressed(new TestReport(bed(context).report()));
        }
        return failure;
    }
}
