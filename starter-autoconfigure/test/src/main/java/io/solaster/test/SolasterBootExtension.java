package io.solaster.test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.chaos.FaultProxy;
import io.solaster.testkit.junit.Leaves;
import io.solaster.testkit.junit.OnShard;
import io.solaster.testkit.left.Left;
import io.solaster.testkit.left.LeftBehindError;
import io.solaster.testkit.left.ProcessLeftovers;
import io.solaster.testkit.left.Remnant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.BeforeTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.platform.commons.support.AnnotationSupport;
import org.opentest4j.TestAbortedException;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.test.context.junit.jupiter.SpringExtension;

/** Ties {@link SolasterBootTest} to JUnit: parameters from the context, and the look at what was left after its close. */
final class SolasterBootExtension
        implements
            BeforeAllCallback,
            BeforeEachCallback,
            BeforeTestExecutionCallback,
            AfterEachCallback,
            AfterAllCallback,
            ParameterResolver,
            TestExecutionExceptionHandler {
    private static final Namespace OURS = Namespace.create(SolasterBootExtension.class);
    private static final Set<Class<?>> GIVEN = Set.of(Engine.class, Shard.class, FaultProxy.class, Events.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** What a test has; closed by JUnit if by nobody else. */
    private static final class Proxies implements AutoCloseable {
        private final List<FaultProxy> open = new ArrayList<>();

        @Override
        public synchronized void close() {
            open.forEach(FaultProxy::close);
            open.clear();
        }
    }

    /** What a class has had: more than one context where its tests dirty theirs. */
    private static final class Watches {
        private final Set<EngineWatch> all = new LinkedHashSet<>();
        private final Set<Left> excused;

        Watches(Set<Left> excused) {
            this.excused = excused;
        }

        /** A context ends after several tests, so that what one of them excuses is excused for all that follow. */
        synchronized void add(EngineWatch watch, ExtensionContext test) {
            all.add(watch);
            AnnotationSupport.findAnnotation(test.getRequiredTestMethod(), Leaves.class)
                    .ifPresent(leaves -> excused.addAll(Arrays.asList(leaves.value())));
            all.forEach(each -> each.ignore(excused()));
        }

        synchronized Set<Left> excused() {
            return EnumSet.copyOf(excused);
        }

        synchronized List<EngineWatch> all() {
            return List.copyOf(all);
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        context.getStore(OURS).put(Watches.class, new Watches(excused(context)));
        boolean alone = !context.getConfigurationParameter("junit.jupiter.execution.parallel.enabled")
                .map(Boolean::parseBoolean).orElse(false);
        if (alone) {
            context.getStore(OURS).put(ProcessLeftovers.class, ProcessLeftovers.begin());
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        watches(context).add(watch(context), context);
    }

    /** Once more, since Spring may have made the context anew before the test. */
    @Override
    public void beforeTestExecution(ExtensionContext context) {
        watches(context).add(watch(context), context);
    }

    private static Watches watches(ExtensionContext context) {
        return Objects.requireNonNull(ofClass(context).getStore(OURS).get(Watches.class, Watches.class));
    }

    /** The context of the test's class, whatever stands between. */
    private static ExtensionContext ofClass(ExtensionContext context) {
        ExtensionContext each = context;
        while (each.getTestMethod().isPresent()) {
            each = each.getParent().orElseThrow();
        }
        return each;
    }

    private static ApplicationContext application(ExtensionContext context) {
        return SpringExtension.getApplicationContext(context);
    }

    private static EngineWatch watch(ExtensionContext context) {
        return application(context).getBean(EngineWatch.class);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        closeProxies(context);
    }

    /** Those that this context itself was given: a class's outlast its tests. */
    private static void closeProxies(ExtensionContext context) {
        Proxies proxies = context.getStore(OURS).remove(Proxies.class, Proxies.class);
        if (proxies != null) {
            proxies.close();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        closeProxies(context);
        Watches watches = watches(context);
        ProcessLeftovers process = context.getStore(OURS).get(ProcessLeftovers.class, ProcessLeftovers.class);
        List<Remnant> left = new ArrayList<>();
        String report = "";
        for (EngineWatch each : watches.all()) {
            if (left.isEmpty() || !each.left().isEmpty()) {
                report = each.report();
            }
            left.addAll(each.left());
        }
        if (process != null) {
            left.addAll(process.remnants(watches.excused(), PATIENCE));
            process.close();
        }
        if (!left.isEmpty()) {
            throw new LeftBehindError(context.getRequiredTestClass().getSimpleName(), left, report);
        }
    }

    private static Set<Left> excused(ExtensionContext context) {
        Set<Left> excused = EnumSet.noneOf(Left.class);
        for (Class<?> each = context.getRequiredTestClass(); each != null; each = each.getEnclosingClass()) {
            AnnotationSupport.findAnnotation(each, Leaves.class)
                    .ifPresent(leaves -> excused.addAll(Arrays.asList(leaves.value())));
        }
        return excused;
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return GIVEN.contains(parameter.getParameter().getType()) && !parameter.isAnnotated(Autowired.class);
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        if (type == Events.class) {
            return watch(context).events();
        }
        if (type == FaultProxy.class) {
            return proxy(parameter.findAnnotation(Before.class).orElse(null), context);
        }
        Engine engine = application(context).getBean(Engine.class);
        if (type == Engine.class) {
            return engine;
        }
        int number = parameter.findAnnotation(OnShard.class).map(OnShard::value).orElse(0);
        if (number < 0 || number >= engine.shards().size()) {
            throw new ParameterResolutionException("@OnShard(" + number + "): the engine has "
                    + engine.shards().size() + " shards, from 0; ask for more by @SolasterBootTest(shards = "
                    + (number + 1) + ")");
        }
        return engine.shard(number);
    }

    private static FaultProxy proxy(@Nullable Before before, ExtensionContext context) {
        ServerLifecycle lifecycle = application(context).getBean(ServerLifecycle.class);
        Collection<TcpServer> servers = lifecycle.servers();
        TcpServer server;
        if (before != null) {
            server = lifecycle.server(before.value())
                    .orElseThrow(() -> new ParameterResolutionException("@Before(\"" + before.value()
                            + "\"): no such server, there are " + lifecycle.names()));
        } else if (servers.size() == 1) {
            server = servers.iterator().next();
        } else {
            throw new ParameterResolutionException("there are " + servers.size() + " servers, " + lifecycle.names()
                    + "; name one by @Before");
        }
        Proxies proxies = context.getStore(OURS).computeIfAbsent(Proxies.class, any -> new Proxies(), Proxies.class);
        FaultProxy proxy = FaultProxy.open(context.getUniqueId().hashCode(), watch(context).events());
        synchronized (proxies) {
            proxies.open.add(proxy);
        }
        proxy.forwardTo(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        return proxy;
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        if (!(failure instanceof TestAbortedException)) {
            failure.addSuppressed(new Report(watch(context).report()));
        }
        throw failure;
    }

    /** Hangs on a failure, so that every runner shows it. */
    private static final class Report extends Throwable {
        private static final long serialVersionUID = 1;

        Report(String report) {
            super("\n" + report, null, false, false);
        }
    }
}
