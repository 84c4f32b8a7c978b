package org.espalier.report;

/**
 * What one epoch of training an architecture from scratch measured.
 *
 * @param architecture which one: "found", "random 1", ...
 * @param epoch counted from 1
 * @param epochs how many there will be
 * @param trainLoss mean cross-entropy
 * @param trainAccuracy share of right answers, 0 to 1
 * @param testLoss mean cross-entropy on the test images
 * @param testAccuracy share of right answers on the test images, 0 to 1
 * @param learningRate at the end of the epoch
 * @param imagesPerSecond training images
 * @param seconds wall clock of the epoch
 */
public record TrainEpoch(
    String architecture,
    int epoch,
    int epochs,
    double trainLoss,
    double trainAccuracy,
    double testLoss,
    double testAccuracy,
    double learningRate,
    double imagesPerSecond,
    double seconds) {}
