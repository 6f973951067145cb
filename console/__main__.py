"""`python -m console` is `counterfoil`."""

from console.cli import main

if __name__ == "__main__":
    main()
