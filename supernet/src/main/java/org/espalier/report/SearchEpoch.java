package org.espalier.report;

import java.util.Map;

/**
 * What one epoch of a search measured.
 *
 * @param epoch counted from 1
 * @param epochs how many there will be
 * @param trainLoss mean cross-entropy of the weight steps
 * @param trainAccuracy share of right answers in the weight steps, 0 to 1
 * @param validLoss the same of the architecture steps (of a validation pass where alpha is not
 *     learned)
 * @param validAccuracy the same
 * @param learningRate of the weights
 * @param alphaEntropy mean entropy of the edges' operation weights, in nats
 * @param skipShare share of edges whose strongest operation is a skip connection, 0 to 1
 * @param imagesPerSecond training and validation images
 * @param seconds wall clock of the epoch
 * @param weights for each kind of cell, the operation weights {@code [edges][candidates]}
 * @param genotype the architecture that would be read off now, in the space's notation
 * @param policy what a policy that learns by reward measured, by name: means of reward, accuracy
 *     and entropy (nats, of a whole architecture), and the baseline at the end; empty without one
 */
public record SearchEpoch(
    int epoch,
    int epochs,
    double trainLoss,
    double trainAccuracy,
    double validLoss,
    double validAccuracy,
    double learningRate,
    double alphaEntropy,
    double skipShare,
    double imagesPerSecond,
    double seconds,
    Map<String, float[][]> weights,
    String genotype,
    Map<String, Double> policy) {}
