"""What runs, shows and stores: the commands, the cluster, the notebooks and the book."""
