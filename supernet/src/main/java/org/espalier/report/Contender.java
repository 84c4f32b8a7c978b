package org.espalier.report;

import org.espalier.space.Genotype;

/**
 * An architecture that was trained from scratch.
 *
 * @param name "found", "random 1", ...
 * @param genotype what was trained
 * @param text the same in the space's notation
 * @param parameters trainable floats of the network that was trained
 * @param flops multiply-adds of one image, forward
 * @param testAccuracy after the last epoch, 0 to 1
 * @param testLoss after the last epoch
 * @param seconds wall clock of its training
 */
public record Contender(
    String name,
    Genotype genotype,
    String text,
    long parameters,
    long flops,
    double testAccuracy,
    double testLoss,
    double seconds) {}
