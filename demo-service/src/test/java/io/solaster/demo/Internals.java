package io.solaster.demo;

import java.util.Collection;
import java.util.Optional;
import java.util.stream.Stream;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.solaster.config.Internal;

/** What {@link Internal} asks for. A module is what stands below {@code io.solaster} by one name. */
final class Internals {
    private static final String OURS = "io.solaster.";

    static final ArchCondition<JavaClass> STAY_IN_THEIR_MODULE = new ArchCondition<>(
            "use nothing that another module marks @Internal") {
        @Override
        public void check(JavaClass user, ConditionEvents events) {
            for (Dependency dependency : user.getDirectDependenciesFromSelf()) {
                JavaClass used = dependency.getTargetClass().getBaseComponentType();
                if (isInternal(used) && !module(used).equals(module(user))) {
                    events.add(SimpleConditionEvent.violated(user, dependency.getDescription()));
                }
            }
            for (JavaAccess<?> access : user.getAccessesFromSelf()) {
                Optional<? extends JavaMember> member = access.getTarget().resolveMember();
                if (member.isPresent() && member.get().isAnnotatedWith(Internal.class)
                        && !module(member.get().getOwner()).equals(module(user))) {
                    events.add(SimpleConditionEvent.violated(user, access.getDescription()));
                }
            }
        }
    };

    static final ArchCondition<JavaClass> ARE_NOT_SHOWN_BY_ROOTS = new ArchCondition<>(
            "show nothing @Internal where it is public and in the root of a module") {
        @Override
        public void check(JavaClass type, ConditionEvents events) {
            if (!type.getPackageName().equals(OURS + module(type)) || !isShown(type) || isInternal(type)) {
                return;
            }
            Stream<JavaType> above = Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream());
            above.flatMap(each -> each.getAllInvolvedRawTypes().stream()).filter(Internals::isInternal).forEach(
                    each -> events.add(SimpleConditionEvent.violated(type,
                            type.getName() + " stands on " + each.getName())));
            for (JavaMember member : type.getMembers()) {
                if (isShown(member.getModifiers()) && !member.isAnnotatedWith(Internal.class)) {
                    member.getAllInvolvedRawTypes().stream().filter(Internals::isInternal).forEach(
                            each -> events.add(SimpleConditionEvent.violated(member,
                                    member.getFullName() + " shows " + each.getName())));
                }
            }
        }
    };

    private Internals() {}

    /** The name of its module; empty for what is not ours. */
    static String module(JavaClass type) {
        String name = type.getPackageName() + ".";
        return name.startsWith(OURS) ? name.substring(OURS.length(), name.indexOf('.', OURS.length())) : "";
    }

    private static boolean isInternal(JavaClass type) {
        return type.getPackageName().startsWith(OURS) && (type.isAnnotatedWith(Internal.class)
                || type.getPackage().isAnnotatedWith(Internal.class)
                || type.getEnclosingClass().filter(Internals::isInternal).isPresent());
    }

    private static boolean isShown(JavaClass type) {
        return isShown(type.getModifiers())
                && type.getEnclosingClass().map(Internals::isShown).orElse(true);
    }

    private static boolean isShown(Collection<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }
}
