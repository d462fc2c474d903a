"""CRA-Net, the own baseline of the CMM-Net paper."""
