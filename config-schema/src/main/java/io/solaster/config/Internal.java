package io.solaster.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On what is public for the other rooms of its module alone: a type, a member, or all that a room holds. Applications and
 * other modules leave it alone, and it changes without notice. The house's {@code ArchitectureTest} refuses its use in
 * another module, and in what the public types of a module's root show.
 */
@Documented
@Target({ElementType.TYPE, ElementType.METHOD, ElementType.CONSTRUCTOR, ElementType.FIELD, ElementType.PACKAGE})
@Retention(RetentionPolicy.CLASS)
public @interface Internal {}
