/**
 * Which pod of a service runs on which node, with which CPUs, and why; how a change differs from what runs. Pure code,
 * so that the same objects give the same plan: any thread.
 */
@NullMarked
package io.solaster.operator.plan;

import org.jspecify.annotations.NullMarked;
