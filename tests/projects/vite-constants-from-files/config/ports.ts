export enum Base {
  Web = 4600,
  Api,
}

export const PORTS = { web: Base.Web, api: Base.Api } as const
export const host = '127.0.0.1'
